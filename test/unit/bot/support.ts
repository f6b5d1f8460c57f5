/** What the tests of this folder share: ids, handles, vectors, requests in every state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { HandleBook, type StoredHandle } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord, StoredStep } from '../../../src/guard/approval.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { Stopwatch } from '../../machine.ts';

export const NOW_MS = Date.UTC(2026, 4, 4, 9, 30);
export const ANNA_GUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
export const ANNA = new InternalId(ANNA_GUID);
export const BOB = new InternalId('b1a7c3de-0000-4111-8222-93d4e5f60718');

const LIVE = { expiresAtMs: NOW_MS + 60_000 };

/** Handles of one conversation: `person_k7m2qz` is Anna under whatever name the directory has. */
export function handlesWith(label = 'Anna Weber', ...more: readonly StoredHandle[]): HandleBook {
  return new HandleBook([{ handle: 'person_k7m2qz', kind: 'person', id: ANNA, label, ...LIVE }, { handle: 'text_q2w3e4', kind: 'text', label: 'anna@contoso.com', ...LIVE }, ...more], NOW_MS);
}

/** The lines of a file in `test/vectors`: `#` comments out, JavaScript's escapes stand for their characters. */
export function vectors(name: string): readonly string[] {
  const lines = readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8').split('\n');
  const read = lines.filter((line) => line !== '' && !line.startsWith('# ')).map((line) => JSON.parse(`"${line.replaceAll('"', '\\"')}"`) as string);
  assert(read.length > 0, `${name} is empty`);
  return read;
}

/** How a text reads in a title. */
export const shown = (text: string): string => JSON.stringify(text).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).slice(0, 90);

export function failsWith(code: StewardErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof StewardError, `not a StewardError: ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  };
}

export function person(changes: Partial<PersonFacts> = {}): PersonFacts {
  return { id: BOB, displayName: 'Bob Brandt', userPrincipalName: 'bob@contoso.com', enabled: true, guest: false, roles: ['employee'], privileged: false, breakGlass: false, vip: false, ...changes };
}

export const PLACE = { conversationId: 'a:1', serviceUrl: 'https://smba.trafficmanager.net/teams/', tenantId: 't', botId: '28:bot', channelId: 'msteams', conversationType: 'personal' };

export interface StepWords {
  readonly name?: string;
  readonly reason?: string;
  readonly context?: readonly string[];
}

export function storedStep({ name = 'Anna Weber', reason = 'lost phone', context = ['Sales', 'anna.weber@contoso.com'] }: StepWords = {}, changes: Partial<StoredStep> = {}): StoredStep {
  return {
    action: 'block_sign_in',
    version: '1.0.0',
    arguments: { person: { kind: 'person', handle: 'person_k7m2qz', id: ANNA, label: name }, reason: { text: reason } },
    targetParameter: 'person',
    provenance: { reason: 'your words' },
    digest: 'd',
    targetContext: context,
    outcome: 'waiting',
    ...changes,
  };
}

export function record(changes: Partial<ApprovalRecord> = {}): ApprovalRecord {
  return {
    reference: 'r'.repeat(20),
    state: 'pending',
    by: 'requester',
    subject: { kind: 'steps', steps: [storedStep()] },
    requester: BOB,
    requesterName: 'Bob Brandt',
    place: PLACE,
    requestActivityId: 'm1',
    cards: [],
    binding: 'b',
    killEpoch: 1,
    createdAt: new Date(NOW_MS),
    expiresAt: new Date(NOW_MS + 600_000),
    ...changes,
  };
}

/** What is quadratic takes tens of seconds on 200,000 characters; what is linear takes milliseconds, on a busy machine some hundred. */
export const SUPER_LINEAR_MS = 1_500;

/** The shortest of up to three runs: what is slow is slow each time, a busy machine is not. */
export function bestOfThreeMs(run: () => unknown): number {
  let best = Infinity;
  for (let time = 0; time < 3 && best >= 100; time += 1) {
    const watch = new Stopwatch();
    run();
    best = Math.min(best, watch.ms);
  }
  return best;
}
