import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { z } from 'zod/v4';
import type { Clock } from '../clock.ts';
import { stopScopes, type StopScope } from '../guard/ports.ts';
import { scopeOf, tablesEndpoint, type CloudName } from './clouds.ts';
import { EgressError } from './egress.ts';
import { logIn, type GivenLogin } from './operator-login.ts';
import { integerOf, openTables, type Properties, type Row, type Table } from './tables.ts';
import { backoffMs, wait } from './wait.ts';

/**
 * The latch from outside: with an operator's own Azure login, while nothing of Steward may be running. It can stop and
 * look, and nothing else: `off` is the only level that is written, and what is stopped is only ever added to.
 */

const PARTITION = 'latch';
const KEY = 'latch';
/** Beside the latch, whose seal a write from here would break. */
const BY_HAND = 'stopped';
const MOST_ATTEMPTS = 10;
const MOST_OPEN = 5_000;
const READS_AT_ONCE = 20;
const MOST_NAME_CHARACTERS = 80;
const MOST_REASON_CHARACTERS = 200;
/** What a person may read of storage, where others can write: one line, and no more of it. */
const MOST_SHOWN_CHARACTERS = 300;

/** Why nothing could be done, each with its own sentence in `src/cli`. */
export const operatorProblems = ['az missing', 'not signed in', 'no token', 'wrong tenant', 'refused', 'no account', 'no table', 'unreachable', 'changed by others'] as const;
export type OperatorProblem = (typeof operatorProblems)[number];

/** Its message is the problem; what Azure said stays in the cause and is never printed, for it may hold ids. */
export class OperatorError extends Error {
  readonly problem: OperatorProblem;

  constructor(problem: OperatorProblem, options?: ErrorOptions) {
    super(problem, options);
    this.name = 'OperatorError';
    this.problem = problem;
  }
}

export interface OperatorOptions extends GivenLogin {
  readonly cloud: CloudName;
  readonly account: string;
  readonly tenantId: string;
  readonly clock: Clock;
  /** Instead of the pinned host: for tests. */
  readonly endpoint?: string;
}

/** Less than everything, as a hand would write it into the row `stopped`. */
export type Narrow = { readonly scope: 'model' } | { readonly scope: 'action'; readonly name: string } | { readonly scope: 'person'; readonly objectId: string };

/** `missing`: there was no row, so Steward was stopped before; now it says so. */
export type Killed = 'done' | 'was so' | 'missing';

export interface StoppedThing {
  readonly scope: StopScope;
  /** An action's name, an object id that a hand wrote, or what Steward calls it; empty for the model. */
  readonly what: string;
  /** Absent for what a hand wrote. */
  readonly since?: Date;
  readonly byName: string;
  readonly reason: string;
}

export interface LatchStatus {
  /** As it stands in the row, also when it is no level. */
  readonly level: string;
  readonly since: Date;
  readonly by: string;
  readonly byName: string;
  readonly reason: string;
  readonly stops: readonly StoppedThing[];
  /** Columns that nobody understands, so that Steward counts them as a stop of everything. */
  readonly unclear: readonly ('stops' | 'stopped')[];
  /** Whether the row bears a seal. Only Steward has the key to check it. */
  readonly sealed: boolean;
}

export interface Status {
  /** `missing`: no row, which counts as off. */
  readonly latch: LatchStatus | 'missing';
  readonly month: string;
  /** The rest is null where it could not be read. */
  readonly spentMicroUsd: number | null;
  readonly pending: number | null;
}

export interface Operator {
  /** From the token, without trust: it goes beside what is recorded and decides nothing. May be empty. */
  readonly name: string;
  killAll(reason: string): Promise<Killed>;
  kill(narrow: Narrow, reason: string): Promise<Killed>;
  status(): Promise<Status>;
  close(): void;
}

/** Signs in. Every method, and this, fails with `OperatorError`. */
export async function openOperator({ account, clock, cloud, tenantId, ...given }: OperatorOptions): Promise<Operator> {
  const endpoint = given.endpoint ?? tablesEndpoint(cloud, account);
  const { close, credential, httpClient } = logIn(tenantId, [endpoint], given);
  // Once and ahead: storage must not be asked thrice because the Azure CLI is not there.
  const token = await tokenFrom(credential, scopeOf('storage', cloud));
  const { approvals, latch, spend } = openTables({ endpoint, credential: { getToken: async () => token }, httpClient });
  const name = operatorName(token.token);
  /** Everything that a kill may write beside what it stops. */
  const stopper = (reason: string): Properties => ({ level: 'off', changedAt: clock.now(), changedBy: 'cli', changedByName: name, reason: lineOf(reason, MOST_REASON_CHARACTERS) });

  return {
    name,
    killAll: (reason) => plainly(() => killAll(latch, stopper(reason))),
    kill: (narrow, reason) => plainly(() => killNarrow(latch, entryOf(narrow), stopper(reason))),
    status: async () => {
      const month = clock.now().toISOString().slice(0, 7);
      const [row, byHand] = await plainly(() => Promise.all([latch.read(PARTITION, KEY), latch.read(PARTITION, BY_HAND)]));
      const [spentMicroUsd, pending] = await Promise.all([spentIn(spend, month), pendingIn(approvals)].map((part) => part.catch(() => null)));
      return { latch: row === undefined ? 'missing' : latchOf(row, byHand), month, spentMicroUsd: spentMicroUsd ?? null, pending: pending ?? null };
    },
    close,
  };
}

/** One write, and nothing is read before it: whatever the row holds, it says `off` afterwards. */
async function killAll(latch: Table, stopper: Properties): Promise<Killed> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    if ((await latch.merge(PARTITION, KEY, stopper, '*')) !== 'conflict') return 'done';
    if ((await latch.insert(PARTITION, KEY, stopper)) !== 'exists') return 'missing';
    await wait(backoffMs(attempt, 50, 500));
  }
  throw new OperatorError('changed by others');
}

/** Adds one entry to what hands stopped; every entry that is there stays. Without a latch everything is stopped, and it says so afterwards. */
async function killNarrow(latch: Table, entry: string, stopper: Properties): Promise<Killed> {
  let isNew = false;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const [row, hands] = await Promise.all([latch.read(PARTITION, KEY), latch.read(PARTITION, BY_HAND)]);
    const isThere = entriesOf(stoppedText(hands)).includes(entry);
    if (isThere || (await addEntry(latch, entry, hands))) {
      isNew ||= !isThere;
      if (row !== undefined) return isNew ? 'done' : 'was so';
      if ((await latch.insert(PARTITION, KEY, stopper)) !== 'exists') return 'missing';
    }
    await wait(backoffMs(attempt, 50, 500));
  }
  throw new OperatorError('changed by others');
}

/** False when others wrote the row since it was read. */
async function addEntry(latch: Table, entry: string, hands: Row | undefined): Promise<boolean> {
  if (hands === undefined) return (await latch.insert(PARTITION, BY_HAND, { stopped: entry })) !== 'exists';
  const stopped = stoppedText(hands);
  return (await latch.merge(PARTITION, BY_HAND, { stopped: stopped.trim() === '' ? entry : `${stopped}; ${entry}` }, hands.etag)) !== 'conflict';
}

function entryOf(narrow: Narrow): string {
  switch (narrow.scope) {
    case 'model':
      return 'model';
    case 'action':
      return `action ${narrow.name}`;
    case 'person':
      return `person ${narrow.objectId.toLowerCase()}`;
  }
}

// --- looking ---------------------------------------------------------------------------------------------------------

async function spentIn(spend: Table, month: string): Promise<number> {
  const row = await spend.read(month, 'month');
  return row === undefined ? 0 : integerOf(row, 'microUsd');
}

/** How many requests wait for somebody: the index of open ones, then the state of each. Nothing is tidied up on the way. */
async function pendingIn(approvals: Table): Promise<number> {
  const index = await approvals.list("PartitionKey eq 'open'", MOST_OPEN);
  let pending = 0;
  for (let first = 0; first < index.length; first += READS_AT_ONCE) {
    const rows = await Promise.all(index.slice(first, first + READS_AT_ONCE).map((row) => approvals.read('approval', String(row.properties.get('reference')))));
    pending += rows.filter((row) => row?.properties.get('state') === 'pending').length;
  }
  return pending;
}

// What instances write, as far as people read it.
const storedStops = z.array(z.object({ scope: z.enum(stopScopes), key: z.string(), label: z.string(), at: z.int().transform((ms) => new Date(ms)), byName: z.string(), reason: z.string(), lifted: z.boolean() }));

function latchOf(row: Row, hands: Row | undefined): LatchStatus {
  const stops = stopsOf(row.properties.get('stops'));
  const byHand = entriesOf(stoppedText(hands)).map(handStop);
  const understood = byHand.filter((stop) => stop !== undefined);
  const changedAt = row.properties.get('changedAt');
  return {
    level: textOf(row, 'level'),
    since: changedAt instanceof Date ? changedAt : row.writtenAt,
    by: textOf(row, 'changedBy'),
    byName: textOf(row, 'changedByName'),
    reason: textOf(row, 'reason'),
    // Steward makes its own what a hand stopped: told once.
    stops: [...(stops ?? []), ...understood.filter(({ scope, what }) => stops?.some((stop) => stop.scope === scope && stop.what === what) !== true)],
    unclear: [...(stops === undefined ? ['stops' as const] : []), ...(understood.length < byHand.length ? ['stopped' as const] : [])],
    sealed: textOf(row, 'seal') !== '',
  };
}

function stopsOf(json: unknown): readonly StoppedThing[] | undefined {
  if (json === undefined || json === '') return [];
  if (typeof json !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return storedStops
    .safeParse(value)
    .data?.filter(({ lifted }) => !lifted)
    .map(({ at, byName, key, label, reason, scope }) => ({ scope, what: lineOf(scope === 'action' ? key : label, MOST_SHOWN_CHARACTERS), since: at, byName: lineOf(byName, MOST_NAME_CHARACTERS), reason: lineOf(reason, MOST_SHOWN_CHARACTERS) }));
}

/** As the guard understands it (`src/guard/stops.ts`). */
function handStop(entry: string): StoppedThing | undefined {
  const [, scope, what = ''] = /^(model|action|person)(?:\s+(\S+))?$/i.exec(entry) ?? [];
  const known = stopScopes.find((each) => each === scope?.toLowerCase());
  if (known === undefined || (known === 'model') !== (what === '')) return undefined;
  if (known === 'action' && !/^[a-z]+(?:_[a-z]+)+$/.test(what)) return undefined;
  if (known === 'person' && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(what)) return undefined;
  return { scope: known, what: lineOf(what, MOST_SHOWN_CHARACTERS), byName: '', reason: '' };
}

/** What a hand wrote there. Where it is no text, it counts as an entry that nobody understands. */
function stoppedText(row: Row | undefined): string {
  const value = row?.properties.get('stopped');
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : '(not text)';
}

function entriesOf(stopped: string): readonly string[] {
  return stopped.split(';').map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function textOf(row: Row, name: string): string {
  const value = row.properties.get(name);
  return typeof value === 'string' ? lineOf(value, MOST_SHOWN_CHARACTERS) : '';
}

/** Text of others as one line that changes nothing about a terminal. */
export function lineOf(text: string, most: number): string {
  return [...text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()].slice(0, most).join('');
}

// --- signing in, and what goes wrong -----------------------------------------------------------------------------------

/** Fails with `OperatorError`. */
export async function tokenFrom(credential: TokenCredential, scope: string): Promise<AccessToken> {
  let token: AccessToken | null;
  try {
    token = await credential.getToken(scope);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    // The two that AzureCliCredential (@azure/identity 4.13.1) tells apart in its own words; the rest is what `az` wrote.
    const message = error instanceof Error ? error.message : '';
    throw new OperatorError(/could not be found/i.test(message) ? 'az missing' : /\baz login\b/i.test(message) ? 'not signed in' : 'no token', { cause: error });
  }
  if (token === null) throw new OperatorError('no token');
  return token;
}

const claims = z.object({ upn: z.string().optional().catch(undefined), unique_name: z.string().optional().catch(undefined) });

/** Who a token says it is, unverified: a sign-in name for people to read. Empty where it does not say. */
export function operatorName(token: string): string {
  try {
    const { unique_name: uniqueName, upn } = claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
    return lineOf(upn ?? uniqueName ?? '', MOST_NAME_CHARACTERS);
  } catch {
    return '';
  }
}

async function plainly<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw error instanceof OperatorError ? error : new OperatorError(problemOf(error), { cause: error });
  }
}

/** By what storage answered: the causes of an error, the innermost last. */
export function problemOf(error: unknown): OperatorProblem {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof EgressError && cause.code === 'ENOTFOUND') return 'no account';
    const status = 'statusCode' in cause ? cause.statusCode : undefined;
    if (status === 401) return 'wrong tenant';
    if (status === 403) return 'refused';
    if (status === 404) return 'no table';
  }
  return 'unreachable';
}
