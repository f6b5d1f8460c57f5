/**
 * Times outgoing requests from the moment they are made to the last byte of the answer, in the process of the bot. Imported
 * before anything that makes one; nothing of the product is changed to be measured.
 */
import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import type { OutgoingCall } from './facts.ts';

let calls: OutgoingCall[] = [];

/** The clock that all processes of this machine share, finer than milliseconds. */
const now = (): number => performance.timeOrigin + performance.now();

for (const module of [http, https]) {
  const request = module.request as (...given: readonly unknown[]) => ClientRequest; // it has several forms; all are passed on
  module.request = (...given: readonly unknown[]) => {
    const beganMs = now();
    const outgoing = request(...given);
    outgoing.once('response', (incoming) => {
      incoming.once('end', () => {
        calls.push({ beganMs, endedMs: now(), method: outgoing.method, host: outgoing.host, path: outgoing.path });
      });
    });
    return outgoing;
  };
}
syncBuiltinESMExports();

/** What was called since the last time that this was asked. */
export function callsSoFar(): readonly OutgoingCall[] {
  const taken = calls;
  calls = [];
  return taken;
}
