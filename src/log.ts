import { StringDecoder } from 'node:string_decoder';
import type { Scrubber } from './audit/scrub.ts';
import { errorCode, StewardError } from './errors.ts';

/**
 * What may be printed about an error: our own code and message, or for anything else its class, its code and where it
 * came from. Messages of other people's errors carry URLs, ids and tokens.
 */
export function describeError(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Error)) return { code: 'UNEXPECTED', name: typeof error };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const { code } = error as { code?: unknown };
  return {
    code: errorCode(error),
    name: error.name,
    ...(error instanceof StewardError ? { message: error.message } : { system: typeof code === 'string' ? code.slice(0, 60) : '' }),
    ...(cause && { cause: cause.name }),
    at: placeOf(error),
  };
}

const FRAME = /^ {4}at .*?((?:src|sandbox|node_modules)\/[\w@.+/-]{1,200}\.[cm]?[jt]s:\d+):\d+\)?$/;

/** The first place of ours, or of a library, in a stack. A stack begins with the message, which may look like one. */
function placeOf({ message, stack = '' }: Error): string {
  const start = stack.indexOf(message);
  // A message that is not found at the start was changed since: nobody knows then where the old one ends.
  if (start === -1 || stack.slice(0, start).includes('\n')) return '';
  for (const line of stack.slice(start + message.length).split('\n').slice(1, 100)) {
    const place = FRAME.exec(line.slice(0, 500))?.[1];
    if (place !== undefined) return place;
  }
  return '';
}

/** One line of JSON with the fields above, each without secrets: an error's code and class come from others too. */
export function errorLine(error: unknown, at: Date, scrubber: Scrubber): string {
  return `${JSON.stringify({ time: at.toISOString(), level: 'error', ...scrubber.value(describeError(error)) })}\n`;
}

/** The part of a stream that libraries write to. */
export interface Output {
  write(chunk: string | Uint8Array, encodingOrDone?: BufferEncoding | (() => void), done?: () => void): boolean;
}

/**
 * Whatever is written to this stream from now on, by whomever, goes out by whole lines and without secrets: the loggers
 * of Azure's SDKs and of `debug` write to stderr directly, past `console` (@azure/logger 1.3.0, debug 4.4.3).
 */
export function scrubOutput(output: Output, scrubber: Scrubber): void {
  const write = output.write.bind(output);
  const pieces = scrubber.stream();
  const decoder = new StringDecoder('utf8');
  output.write = (chunk, encodingOrDone, done) => {
    const written = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : 'utf8';
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return write(withoutIds(pieces.write(decoder.write(bytes))), written);
  };
}

/**
 * Ids of other systems: GUIDs, and the 32 hex digits of ServiceNow. None of our own lines has one; what libraries print under
 * their debug switches is URLs, and those are full of them. An id may stand right behind `%3D`, which ends in a hex digit.
 */
const IDS = /[0-9a-f]{8}(?:-|%2d)(?:[0-9a-f]{4}(?:-|%2d)){3}[0-9a-f]{12}|(?<=%[0-9a-f]{2}|(?<![0-9a-z]))[0-9a-f]{32}(?![0-9a-z])/gi;

function withoutIds(text: string): string {
  return text.replace(IDS, '[id]');
}

/** What of this process can fail outside any turn. */
export interface Crashes {
  on(event: 'uncaughtException' | 'unhandledRejection' | 'warning', listener: (error: unknown) => void): unknown;
  removeAllListeners(event: 'warning'): unknown;
  exit(code: number): void;
}

/**
 * What Node would print of its own accord, message and stack of anybody's error, goes through `report` instead. After an
 * exception that nobody caught the process ends, since nobody knows what it left half done.
 */
export function reportCrashes(process: Crashes, report: (error: unknown) => void): void {
  process.on('unhandledRejection', report);
  process.on('uncaughtException', (error) => {
    report(error);
    process.exit(1);
  });
  process.removeAllListeners('warning');
  process.on('warning', report);
}

/**
 * Silences what libraries print: botframework-connector prints signing keys and tokens' errors, teams-ai whole requests
 * (4.23.3, 1.7.4). Steward's own lines go to the streams directly.
 */
export function silenceLibraries(target: Console): void {
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) target[method] = () => undefined;
}
