import { createHash } from 'node:crypto';
import { InternalId } from '../actions/internal-id.ts';
import type { StewardErrorCode } from '../errors.ts';
import type { Latch, Stop, StopScope } from './ports.ts';

/** Longer than any request waits: until then a revival must not let one live that was made before the stop. */
const LIFTED_KEPT_MS = 24 * 60 * 60_000;

/** What something is about, as far as a stop may concern it. */
export interface About {
  /** It asks the model. */
  readonly model?: boolean;
  readonly actions?: readonly string[];
  /** Who asked and who approved; never the target. */
  readonly people?: readonly InternalId[];
  readonly conversation?: string;
  /** It changes something, so it ends at every level but `full`. */
  readonly effect?: boolean;
}

const OBJECT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const CODES: Readonly<Record<StopScope, StewardErrorCode>> = { model: 'STOPPED_MODEL', action: 'STOPPED_ACTION', person: 'STOPPED_PERSON', conversation: 'STOPPED_CONVERSATION' };

/** The key under which a conversation is stopped: of a channel all threads, which Teams writes as `19:…@thread.tacv2;messageid=…`. */
export function conversationKey(conversationId: string): string {
  return createHash('sha256').update('conversation\0').update(conversationId.split(';', 1)[0] ?? '').digest('hex').slice(0, 32);
}

export function codeOfStop({ scope }: Pick<Stop, 'scope'>): StewardErrorCode {
  return CODES[scope];
}

/** The first active stop that concerns something. */
export function stopOf(stops: readonly Stop[], about: About): Stop | undefined {
  return stops.find((stop) => !stop.lifted && concerns(stop, about));
}

/**
 * The stops that ever concerned something, lifted ones included, as text that is equal as long as none of them changed.
 * Bound into requests and tokens: after a stop and its revival, what was asked before is dead.
 */
export function stopMarks(stops: readonly Stop[], about: About): string {
  return stops
    .filter((stop) => concerns(stop, about))
    .map(({ epoch, key, scope }) => `${scope}:${key}@${epoch}`)
    .sort()
    .join(' ');
}

function concerns({ key, scope }: Stop, { actions = [], conversation, model, people = [] }: About): boolean {
  switch (scope) {
    case 'model':
      return model === true;
    case 'action':
      return actions.includes(key);
    case 'person':
      return people.some((person) => person.digest() === key);
    case 'conversation':
      return conversation !== undefined && conversationKey(conversation) === key;
  }
}

/** Everything that was stopped, by hand or otherwise. `'all'` when a hand wrote what nobody understands. */
export function stopsOf({ changedAt, stopped = '', stops = [] }: Latch): readonly Stop[] | 'all' {
  const byHand = entriesOf(stopped).map((entry) => handStop(entry, changedAt));
  const understood = byHand.filter((stop) => stop !== undefined);
  // What a hand stopped, Steward makes its own as soon as it sees it; from then on the sealed stop counts.
  const more = understood.filter((stop) => !stops.some((each) => isSame(each, stop) && !each.lifted));
  return understood.length < byHand.length ? 'all' : [...stops, ...more];
}

/** `model`, `action NAME` or `person OBJECT-ID`. */
function handStop(entry: string, at: Date): Stop | undefined {
  const [, scope, what = ''] = /^(model|action|person)(?:\s+(\S+))?$/i.exec(entry) ?? [];
  const stop = { label: '', epoch: 0, at, by: 'storage', byName: '', reason: '', lifted: false };
  switch (scope?.toLowerCase()) {
    case 'model':
      return what === '' ? { ...stop, scope: 'model', key: '' } : undefined;
    case 'action':
      return /^[a-z]+(?:_[a-z]+)+$/.test(what) ? { ...stop, scope: 'action', key: what } : undefined;
    case 'person':
      return OBJECT_ID.test(what) ? { ...stop, scope: 'person', key: new InternalId(what).digest() } : undefined;
    case undefined:
    default:
      return undefined;
  }
}

/** The stops with one more. What was lifted long ago is left out. */
export function withStop(stops: readonly Stop[], stop: Stop, now: Date): readonly Stop[] {
  return [...stops.filter((each) => !isSame(each, stop) && !(each.lifted && now.getTime() - each.at.getTime() > LIFTED_KEPT_MS)), stop];
}

/** What hands stopped, without one of them. */
export function withoutHandStop(stopped: string, { key, scope }: Pick<Stop, 'scope' | 'key'>): string {
  return entriesOf(stopped)
    .filter((entry) => {
      const stop = handStop(entry, new Date(0));
      return stop === undefined || !isSame(stop, { scope, key });
    })
    .join('; ');
}

export function isSame(one: Pick<Stop, 'scope' | 'key'>, other: Pick<Stop, 'scope' | 'key'>): boolean {
  return one.scope === other.scope && one.key === other.key;
}

function entriesOf(stopped: string): readonly string[] {
  return stopped.split(';').map((entry) => entry.trim()).filter((entry) => entry !== '');
}
