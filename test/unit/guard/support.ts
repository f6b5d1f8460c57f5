/** What the tests of this folder share: people, a clock that is moved by hand, and stores in memory that misbehave on request. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { z } from 'zod/v4';
import { defineAction, graph, text, thing, type Action, type Limit } from '../../../src/actions/action.ts';
import { Catalogue, catalogue } from '../../../src/actions/catalogue.ts';
import { handle, HandleBook, type Handle } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { parsePlan, type Plan } from '../../../src/actions/plan.ts';
import type { Robot } from '../../../src/actions/ports.ts';
import { Ledger } from '../../../src/audit/ledger.ts';
import type { DigestKey, LedgerRecord, LedgerStore } from '../../../src/audit/record.ts';
import { open, type Part, type PersonalFacts, type PersonKey, type PersonKeys } from '../../../src/audit/sealed.ts';
import type { Clock } from '../../../src/clock.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord, ApprovalState, ApprovalStore } from '../../../src/guard/approval.ts';
import type { Audience } from '../../../src/guard/approval-rows.ts';
import { Limits } from '../../../src/guard/limits.ts';
import { Policy } from '../../../src/guard/policy.ts';
import type { EffectNotes, GroupFacts, Latch, LatchLevel, LatchStore, LimitStore, PersonFacts, PersonRecords, PersonStanding, RaisedLimit, Stored, WhoIsWho } from '../../../src/guard/ports.ts';

// V8 11.3 (Node 20.20.2) ends the process with "unreachable code" in its deoptimizer when it had inlined hot calls into
// Cedar's WebAssembly and a policy is loaded afterwards. Thousands of decisions in one process bring that about.
setFlagsFromString('--no-turbo-inline-js-wasm-calls');

export const policyText = readFileSync(new URL('../../../src/guard/policy.cedar', import.meta.url), 'utf8');

const policies = new Map<string, Policy>();

/** The policy of a text, made once. Test actions have the names, classes and targets of the real ones, so one serves both. */
export function policyOf(source: string = policyText): Policy {
  const known = policies.get(source) ?? new Policy(source, catalogue.all());
  policies.set(source, known);
  return known;
}

// --- time ----------------------------------------------------------------------------------------------------------

export interface HandClock extends Clock {
  advance(ms: number): void;
}

export const START_MS = Date.parse('2026-11-22T10:00:00Z');

export function handClock(): HandClock {
  let passedMs = 0;
  return {
    now: () => new Date(START_MS + passedMs),
    monotonicMs: () => passedMs,
    advance: (ms) => {
      passedMs += ms;
    },
  };
}

/** Lets everything that is already on its way arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves or fails when the test says so. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export async function rejectsWith(promise: Promise<unknown>, code: StewardErrorCode): Promise<void> {
  const error = await promise.then(
    () => assert.fail(`resolved, but was expected to fail with ${code}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof StewardError, `not a StewardError: ${String(error)}`);
  assert.equal(error.code, code);
}

export function throwsWith(call: () => unknown, code: StewardErrorCode): void {
  assert.throws(call, (error) => error instanceof StewardError && error.code === code);
}

// --- people --------------------------------------------------------------------------------------------------------

export function person(name: string, changes: Partial<PersonFacts> = {}): PersonFacts {
  return {
    id: new InternalId(`id-of-${name}`),
    displayName: name,
    userPrincipalName: `${name}@contoso.example`,
    enabled: true,
    guest: false,
    employeeId: `employee-${name}`,
    roles: ['employee'],
    privileged: false,
    breakGlass: false,
    vip: false,
    ...changes,
  };
}

/** A directory of which every fact can be changed between two looks. */
export class Directory implements WhoIsWho {
  readonly #people = new Map<string, PersonFacts>();
  readonly #users = new Map<string, InternalId | 'nobody'>();
  readonly #groups = new Map<string, GroupFacts>();
  readonly looks: { readonly id: string; readonly freshness: 'brief' | 'now' }[] = [];
  down = false;

  constructor(...people: readonly PersonFacts[]) {
    for (const each of people) this.put(each);
  }

  put(facts: PersonFacts): void {
    this.#people.set(facts.id.digest(), facts);
  }

  remove(facts: PersonFacts): void {
    this.#people.delete(facts.id.digest());
  }

  /** A managed device, and who uses it. */
  putDevice(device: InternalId, user: PersonFacts | 'nobody'): void {
    this.#users.set(device.digest(), user === 'nobody' ? user : user.id);
  }

  putGroup(id: InternalId, facts: GroupFacts): void {
    this.#groups.set(id.digest(), facts);
  }

  async userOf(device: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | 'nobody' | undefined> {
    if (this.down) throw new StewardError('DIRECTORY_UNAVAILABLE', 'the directory is down');
    const user = this.#users.get(device.digest());
    return user instanceof InternalId ? ((await this.describe(user, freshness)) ?? 'nobody') : user;
  }

  async describeGroup(id: InternalId): Promise<GroupFacts | undefined> {
    this.looks.push({ id: id.digest(), freshness: 'now' });
    if (this.down) throw new StewardError('DIRECTORY_UNAVAILABLE', 'the directory is down');
    return this.#groups.get(id.digest());
  }

  async describe(id: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | undefined> {
    this.looks.push({ id: id.digest(), freshness });
    if (this.down) throw new StewardError('DIRECTORY_UNAVAILABLE', 'the directory is down');
    return this.#people.get(id.digest());
  }

  async find(signInName: string): Promise<InternalId | undefined> {
    return [...this.#people.values()].find(({ userPrincipalName }) => userPrincipalName.toLowerCase() === signInName.toLowerCase())?.id;
  }

  async membersOf(): Promise<readonly InternalId[]> {
    return [];
  }
}

// --- the latch -----------------------------------------------------------------------------------------------------

export function latch(changes: Partial<Latch> = {}): Latch {
  return { level: 'full', epoch: 1, changedAt: new Date(START_MS), changedBy: 'deployment', changedByName: '', reason: 'deployed', ...changes };
}

/** A latch row. `onRead` and `onWrite` stand in for what storage does; by default it works. */
export class MemoryLatch implements LatchStore {
  row: Latch | undefined;
  reads = 0;
  writes = 0;
  onRead: (() => Promise<void>) | undefined;
  onWrite: (() => Promise<void>) | undefined;
  #version = 1;

  constructor(row: Latch | undefined = latch()) {
    this.row = row;
  }

  /** What another instance, the CLI or a hand in storage writes. */
  put(changes: Partial<Latch>): void {
    this.row = { ...(this.row ?? latch()), ...changes };
    this.#version += 1;
  }

  stored(): Stored<Latch> | undefined {
    return this.row && { value: this.row, etag: String(this.#version), storageNow: new Date(START_MS) };
  }

  async read(): Promise<Stored<Latch> | undefined> {
    this.reads += 1;
    await this.onRead?.();
    return this.stored();
  }

  async write(value: Latch, etag: string): Promise<boolean> {
    this.writes += 1;
    await this.onWrite?.();
    if (etag !== 'any' && (this.row === undefined || etag !== String(this.#version))) return false;
    this.row = value;
    this.#version += 1;
    return true;
  }
}

// --- ledger and limits ---------------------------------------------------------------------------------------------

export class MemoryLedger implements LedgerStore {
  readonly appends: string[] = [];
  onAppend: ((lines: string) => Promise<void>) | undefined;

  async append(lines: string): Promise<void> {
    await this.onAppend?.(lines);
    this.appends.push(lines);
  }

  records(): readonly LedgerRecord[] {
    return this.appends.flatMap((lines) => lines.trimEnd().split('\n')).map((line) => JSON.parse(line) as LedgerRecord);
  }

  kinds(): readonly string[] {
    return this.records().map(({ event }) => event.kind);
  }

  events<K extends LedgerRecord['event']['kind']>(kind: K): readonly Extract<LedgerRecord['event'], { kind: K }>[] {
    return this.records().flatMap(({ event }) => (event.kind === kind ? [event as Extract<LedgerRecord['event'], { kind: K }>] : []));
  }
}

export const digestKey: DigestKey = { digest: (value) => `keyed(${value.slice(0, 8)})` };

/** Counters that count, unless `answer` says otherwise. Two `Limits` over one of these are two instances. */
export class MemoryLimits implements LimitStore {
  readonly counted: { readonly hour: string; readonly key: string; readonly limit: number }[] = [];
  readonly rows = new Map<string, RaisedLimit>();
  answer: boolean | Error | undefined;
  readonly #used = new Map<string, number>();

  async used(hour: string, keys: readonly string[]): Promise<readonly number[]> {
    if (this.answer instanceof Error) throw this.answer;
    return keys.map((key) => this.#used.get(`${hour} ${key}`) ?? 0);
  }

  async count(hour: string, key: string, limit: number): Promise<boolean> {
    this.counted.push({ hour, key, limit });
    if (this.answer instanceof Error) throw this.answer;
    const used = this.#used.get(`${hour} ${key}`) ?? 0;
    if (!(this.answer ?? used < limit)) return false;
    this.#used.set(`${hour} ${key}`, used + 1);
    return true;
  }

  async raise(raised: RaisedLimit): Promise<void> {
    if (this.answer instanceof Error) throw this.answer;
    this.rows.set(raised.action, raised);
  }

  async raisedFor(action: string): Promise<RaisedLimit | undefined> {
    return this.rows.get(action);
  }

  async raised(): Promise<readonly RaisedLimit[]> {
    return [...this.rows.values()];
  }
}

/** Limits that nothing was counted against. */
export function limitsOf(clock: Clock, store: LimitStore = new MemoryLimits()): Limits {
  return new Limits(store, clock);
}

/** Notes of effects, by a clock of their own. */
export class MemoryEffects implements EffectNotes {
  readonly #notes = new Map<string, { readonly requesterDigest: string; readonly atMs: number }>();
  readonly #clock: Clock;
  down = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async note(undoneBy: string, target: InternalId, requesterDigest: string): Promise<void> {
    if (this.down) throw new StewardError('STORAGE_UNAVAILABLE', 'down');
    this.#notes.set(`${undoneBy} ${target.digest()}`, { requesterDigest, atMs: this.#clock.now().getTime() });
  }

  async forget(undoneBy: string, target: InternalId): Promise<void> {
    if (this.down) throw new StewardError('STORAGE_UNAVAILABLE', 'down');
    this.#notes.delete(`${undoneBy} ${target.digest()}`);
  }

  async find(undoneBy: string, target: InternalId): Promise<{ readonly requesterDigest: string; readonly ageMs: number } | undefined> {
    if (this.down) throw new StewardError('STORAGE_UNAVAILABLE', 'down');
    const note = this.#notes.get(`${undoneBy} ${target.digest()}`);
    return note && { requesterDigest: note.requesterDigest, ageMs: this.#clock.now().getTime() - note.atMs };
  }
}

// --- approvals -----------------------------------------------------------------------------------------------------

/** Rows with tags, and a clock of storage's own. */
export class MemoryApprovals implements ApprovalStore {
  readonly rows = new Map<string, { value: ApprovalRecord; version: number }>();
  /** How far storage's clock is ahead of the instance's. */
  aheadMs = 0;
  onReplace: ((next: ApprovalRecord) => Promise<void>) | undefined;
  onNoteDone: (() => Promise<void>) | undefined;
  readonly #done = new Map<string, string>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  #stored(row: { value: ApprovalRecord; version: number }): Stored<ApprovalRecord> {
    return { value: row.value, etag: String(row.version), storageNow: new Date(this.#clock.now().getTime() + this.aheadMs) };
  }

  async insert(value: ApprovalRecord): Promise<Stored<ApprovalRecord>> {
    const row = { value, version: 1 };
    this.rows.set(value.reference, row);
    return this.#stored(row);
  }

  async read(reference: string): Promise<Stored<ApprovalRecord> | undefined> {
    await Promise.resolve();
    const row = this.rows.get(reference);
    return row && this.#stored(row);
  }

  async replace(value: ApprovalRecord, etag: string): Promise<Stored<ApprovalRecord> | undefined> {
    await this.onReplace?.(value);
    const row = this.rows.get(value.reference);
    if (row === undefined || String(row.version) !== etag) return undefined;
    const next = { value, version: row.version + 1 };
    this.rows.set(value.reference, next);
    return this.#stored(next);
  }

  async open(): Promise<readonly Stored<ApprovalRecord>[]> {
    return [...this.rows.values()].filter(({ value: { settlement, state } }) => ['pending', 'approved', 'executing'].includes(state) || (state === 'unknown' && settlement === undefined)).map((row) => this.#stored(row));
  }

  readonly shownEnds: string[] = [];

  async shown({ reference }: ApprovalRecord): Promise<void> {
    await Promise.resolve();
    this.shownEnds.push(reference);
  }

  async noteDone({ place, reference, requester }: ApprovalRecord): Promise<void> {
    await this.onNoteDone?.();
    this.#done.set(`${place.conversationId} ${requester.digest()}`, reference);
  }

  async lastDone(conversationId: string, requester: InternalId): Promise<ApprovalRecord | undefined> {
    return this.rows.get(this.#done.get(`${conversationId} ${requester.digest()}`) ?? '')?.value;
  }

  /** What stands in the row, changed by a hand that is not Steward's. */
  tamper(reference: string, change: (record: ApprovalRecord) => ApprovalRecord): void {
    const row = this.rows.get(reference);
    assert(row);
    this.rows.set(reference, { value: change(row.value), version: row.version + 1 });
  }

  state(reference: string): ApprovalRecord['state'] | undefined {
    return this.rows.get(reference)?.value.state;
  }
}

/** Who was told what. */
export class MemoryAudience implements Audience {
  readonly shown: ApprovalRecord[] = [];
  readonly reminded: ApprovalRecord[] = [];
  readonly escalated: ApprovalRecord[] = [];
  readonly doubted: ApprovalRecord[] = [];
  /** Whether an admin could be told of a doubt. */
  reachable = true;
  /** What showing a change waits for. */
  onChanged: ((record: ApprovalRecord) => Promise<void>) | undefined;

  async changed(record: ApprovalRecord): Promise<void> {
    this.shown.push(record);
    await this.onChanged?.(record);
  }

  async remind(record: ApprovalRecord): Promise<void> {
    this.reminded.push(record);
  }

  async escalate(record: ApprovalRecord): Promise<void> {
    this.escalated.push(record);
  }

  async doubt(record: ApprovalRecord): Promise<boolean> {
    this.doubted.push(record);
    return this.reachable;
  }

  states(): readonly ApprovalState[] {
    return this.shown.map(({ state }) => state);
  }
}

// --- actions that note when they run -------------------------------------------------------------------------------

/** One call of `run`, as a handler would have made it. */
export interface Ran {
  readonly action: string;
  readonly who: string;
  readonly reason?: unknown;
}

export interface TestActions {
  readonly look: Action;
  readonly block: Action;
  readonly unblock: Action;
  readonly catalogue: Catalogue;
  readonly ran: Ran[];
  /** What happens inside `run`, before it answers. */
  inside: ((action: string, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/** The real catalogue, with three actions of the same names and classes whose handlers only take notes. */
export function testActions(limit: Limit = { perHour: 5 }): TestActions {
  const actions: { -readonly [K in keyof TestActions]: TestActions[K] } = {
    ran: [],
    inside: undefined,
  } as unknown as TestActions;
  const act = async (action: string, label: string, answer: unknown, signal: AbortSignal, reason?: unknown): Promise<never> => {
    actions.ran.push({ action, who: label, ...(reason !== undefined && { reason }) });
    // What a handler answers is checked by the executor, not by its type.
    return ((await actions.inside?.(action, signal)) ?? answer) as never;
  };
  actions.look = defineAction({
    name: 'show_person',
    version: '1.0.0',
    description: 'Looks.',
    effect: 'read',
    target: 'person',
    operation: graph('GET', '/users/{id}', 'User.Read.All'),
    parameters: z.strictObject({ person: handle('person') }),
    result: z.object({ person: thing('person') }),
    run: async ({ person: who }, _robot, { signal }) => act('show_person', who.label, { person: { kind: 'person', id: who.id, label: who.label } }, signal),
  });
  actions.block = defineAction({
    name: 'block_sign_in',
    version: '1.0.0',
    description: 'Blocks.',
    effect: 'destructive',
    target: 'person',
    operation: graph('PATCH', '/users/{id}', 'User.EnableDisableAccount.All'),
    parameters: z.strictObject({ person: handle('person'), reason: text({ max: 200, description: 'Why.' }) }),
    result: z.object({ person: thing('person'), sign_in: z.literal('blocked') }),
    limit,
    reversibleBy: 'unblock_sign_in',
    run: async ({ person: who, reason }, _robot, { signal, receipt }) => {
      receipt({ requestIds: ['request-1'] });
      return act('block_sign_in', who.label, { person: { kind: 'person', id: who.id, label: who.label }, sign_in: 'blocked' }, signal, reason);
    },
  });
  actions.unblock = defineAction({
    name: 'unblock_sign_in',
    version: '1.0.0',
    description: 'Unblocks.',
    effect: 'destructive',
    policyClass: 'restore',
    target: 'person',
    operation: graph('PATCH', '/users/{id}', 'User.EnableDisableAccount.All'),
    parameters: z.strictObject({ person: handle('person'), reason: text({ max: 200, description: 'Why.' }) }),
    result: z.object({ person: thing('person'), sign_in: z.literal('allowed') }),
    limit,
    reversibleBy: 'block_sign_in',
    run: async ({ person: who, reason }, _robot, { signal }) => act('unblock_sign_in', who.label, { person: { kind: 'person', id: who.id, label: who.label }, sign_in: 'allowed' }, signal, reason),
  });
  const noting = new Map([actions.look, actions.block, actions.unblock].map((action) => [action.name, action]));
  actions.catalogue = new Catalogue(catalogue.all().map((action) => noting.get(action.name) ?? action));
  return actions;
}

/** No handler of these tests touches it. */
export const robot = Object.freeze({}) as Robot;

export interface Proposal {
  readonly action: Action;
  readonly who: PersonFacts;
  readonly reason?: string;
}

/** A plan made the one way that plans are made. */
export function planOf(from: Catalogue, ...proposals: readonly Proposal[]): Plan {
  const book = new HandleBook([], START_MS);
  const calls = proposals.map(({ action, who, reason }, index) => {
    const target: Handle = book.mint('person', who.id, who.displayName, START_MS);
    const takesReason = 'reason' in action.parameters.shape;
    return { id: `call-${index}`, type: 'function', function: { name: action.name, arguments: JSON.stringify({ person: target, ...(takesReason && { reason: reason ?? 'phone stolen' }) }) } };
  });
  return parsePlan(calls, { catalogue: from, handles: book, words: [], nowMs: START_MS });
}

/** A key for everybody, until it is told to fail. */
export class MemoryPersonKeys implements PersonKeys {
  readonly secret = Buffer.alloc(32, 7);
  failure: Error | undefined;

  async keyOf(person: string): Promise<PersonKey> {
    if (this.failure !== undefined) throw this.failure;
    return { person, id: `key of ${person}`, secret: this.secret };
  }

  /** What the records of a ledger say about people. */
  opened(store: MemoryLedger): readonly (PersonalFacts & { readonly as: Part; readonly person: string })[] {
    const sealed = store.records().flatMap(({ event }) => ('sealed' in event ? (event.sealed ?? []) : []));
    return sealed.map((part) => ({ as: part.as, person: part.person, ...open(part, this.secret) }));
  }
}

/** What the ledger says about people, by digest; everybody is kept until something else is said. */
export class MemoryRecords implements PersonRecords {
  readonly standings = new Map<string, PersonStanding>();
  readonly done: (readonly [change: string, person: string])[] = [];
  failure: Error | undefined;
  /** Happens between the question and the change. */
  meanwhile: () => void = () => undefined;

  async standing(person: string): Promise<PersonStanding> {
    if (this.failure !== undefined) throw this.failure;
    return this.standings.get(person) ?? 'kept';
  }

  erase(person: string): Promise<PersonStanding> {
    return this.#change('erase', person, 'kept', 'erased');
  }

  hold(person: string): Promise<PersonStanding> {
    return this.#change('hold', person, 'kept', 'held');
  }

  release(person: string): Promise<PersonStanding> {
    return this.#change('release', person, 'held', 'kept');
  }

  async #change(change: string, person: string, from: PersonStanding, to: PersonStanding): Promise<PersonStanding> {
    this.meanwhile();
    const before = await this.standing(person);
    if (before !== from) return before;
    this.standings.set(person, to);
    this.done.push([change, person]);
    return before;
  }
}

export function ledgerOf(clock: Clock, personKeys: PersonKeys = new MemoryPersonKeys()): { readonly ledger: Ledger; readonly store: MemoryLedger } {
  const store = new MemoryLedger();
  return { ledger: new Ledger(store, clock, undefined, personKeys), store };
}

export function levelOf(level: LatchLevel): MemoryLatch {
  return new MemoryLatch(latch({ level }));
}
