import { z } from 'zod/v4';
import { StewardError, stewardErrorCodes } from '../errors.ts';
import { handleKinds } from '../actions/handles.ts';
import type { InternalId } from '../actions/internal-id.ts';
import type { ApprovalRecord, ApprovalState, ApprovalStore, ReviveWhat, StoredStep } from '../guard/approval.ts';
import { latchLevels, stopScopes, type Stored } from '../guard/ports.ts';
import { place } from './places.ts';
import { fromStoredJson, internalId, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Properties, type Row, type Table } from './tables.ts';

const PARTITION = 'approval';
/** One small row for each approval that may be open, so that nobody has to look through all that ever were. */
const OPEN_PARTITION = 'open';
/** The last one that did something, for each person in each conversation. */
const DONE_PARTITION = 'done';
const MOST_OPEN = 5_000;
const READS_AT_ONCE = 20;
/** Whoever ended a request shows it within this time; after it, another instance does. */
const SHOWN_WITHIN_MS = 30_000;
/** An index row without its approval is left alone for so long: the approval may be about to be inserted. */
const INSERT_MOST_MS = 60_000;

const states = ['pending', 'approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied', 'expired', 'withdrawn', 'killed'] as const satisfies readonly ApprovalState[];

// `satisfies` names every field: one that is missing here would be dropped on reading, without a word.
export const storedStep: z.ZodType<StoredStep> = z.object({
  action: z.string(),
  version: z.string(),
  arguments: z.record(
    z.string(),
    z.union([z.strictObject({ text: z.string() }), z.strictObject({ value: z.union([z.number(), z.boolean()]) }), z.strictObject({ kind: z.enum(handleKinds), handle: z.string(), id: internalId, label: z.string() })]),
  ),
  targetParameter: z.string().optional(),
  provenance: z.record(z.string(), z.enum(['your words', 'composed by Steward'])),
  digest: z.string(),
  targetContext: z.array(z.string()),
  outcome: z.enum(['waiting', 'running', 'done', 'failed', 'unknown', 'not run', 'observed']),
  problem: z.enum(stewardErrorCodes).optional(),
} satisfies Record<keyof StoredStep, z.ZodType>);

const reviveWhat: z.ZodType<ReviveWhat> = z.union([z.strictObject({ scope: z.literal('all'), level: z.enum(latchLevels) }), z.strictObject({ scope: z.enum(stopScopes), key: z.string(), label: z.string(), epoch: z.int() })]);

const approvalRecord: z.ZodType<ApprovalRecord> = z.object({
  reference: z.string(),
  state: z.enum(states),
  by: z.enum(['requester', 'second person']),
  subject: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('steps'), steps: z.array(storedStep) }),
    z.object({ kind: z.literal('revive'), reason: z.string(), what: reviveWhat, stillStopped: z.array(z.string()) }),
    z.object({ kind: z.literal('raise'), reason: z.string(), action: z.string(), perHour: z.int() }),
    z.object({ kind: z.literal('records'), reason: z.string(), change: z.enum(['erase', 'release']), person: z.string(), label: z.string(), context: z.array(z.string()) }),
  ]),
  requester: internalId,
  requesterName: z.string(),
  place,
  requestActivityId: z.string(),
  cards: z.array(z.object({ conversationId: z.string(), activityId: z.string(), place, shown: z.string().optional(), purpose: z.enum(['decide', 'settle', 'look']) })),
  binding: z.string(),
  killEpoch: z.int(),
  stopMarks: z.string().optional(),
  createdAt: z.date(),
  expiresAt: z.date(),
  decidedBy: internalId.optional(),
  decidedByName: z.string().optional(),
  breakGlass: z.boolean().optional(),
  decidedAt: z.date().optional(),
  denyReason: z.string().optional(),
  remindedAt: z.date().optional(),
  escalatedAt: z.date().optional(),
  reportedAt: z.date().optional(),
  settlement: z.object({ outcome: z.enum(['done', 'not done']), by: internalId, byName: z.string(), at: z.date() }).optional(),
  aliveUntil: z.date().optional(),
} satisfies Record<keyof ApprovalRecord, z.ZodType>);

/**
 * Approvals, one row each, every move a compare-and-swap. The index of open ones is a hint and never the truth: a row
 * more than needed does no harm, and a row less cannot be, since it is written first and removed last.
 */
export class TableApprovalStore implements ApprovalStore {
  readonly #table: Table;
  readonly #shownWithinMs: number;

  constructor(table: Table, { shownWithinMs = SHOWN_WITHIN_MS }: { readonly shownWithinMs?: number } = {}) {
    this.#table = table;
    this.#shownWithinMs = shownWithinMs;
  }

  async insert(record: ApprovalRecord): Promise<Stored<ApprovalRecord>> {
    if (isOpen(record)) await this.#table.upsert(OPEN_PARTITION, record.reference, { reference: record.reference });
    const written = await this.#table.insert(PARTITION, record.reference, propertiesOf(record));
    if (written === 'exists') throw new StewardError('STORAGE_UNAVAILABLE', 'two approvals have one reference');
    return { value: record, ...written };
  }

  async read(reference: string): Promise<Stored<ApprovalRecord> | undefined> {
    const row = await this.#table.read(PARTITION, reference);
    return row === undefined ? undefined : toStored(row);
  }

  async replace(record: ApprovalRecord, etag: string): Promise<Stored<ApprovalRecord> | undefined> {
    const written = await this.#table.replace(PARTITION, record.reference, propertiesOf(record), etag);
    // An end stays in the index until it was shown: a crash in between must not leave a card that says “Running …” for good.
    return written === 'conflict' ? undefined : { value: record, ...written };
  }

  /** One query over the index, then a read for each row. */
  async open(): Promise<readonly Stored<ApprovalRecord>[]> {
    const index = await this.#table.list(`PartitionKey eq '${OPEN_PARTITION}'`, MOST_OPEN);
    const open: Stored<ApprovalRecord>[] = [];
    for (let first = 0; first < index.length; first += READS_AT_ONCE) {
      const found = await Promise.all(index.slice(first, first + READS_AT_ONCE).map((row) => this.#openBehind(row)));
      open.push(...found.filter((stored) => stored !== undefined));
    }
    return open;
  }

  async shown(record: ApprovalRecord): Promise<void> {
    if (!isOpen(record)) await this.#forget(record.reference);
  }

  async noteDone({ place, reference, requester }: ApprovalRecord): Promise<void> {
    await this.#table.upsert(DONE_PARTITION, doneKey(place.conversationId, requester), { reference });
  }

  async lastDone(conversationId: string, requester: InternalId): Promise<ApprovalRecord | undefined> {
    const row = await this.#table.read(DONE_PARTITION, doneKey(conversationId, requester));
    return row && (await this.read(String(row.properties.get('reference'))))?.value;
  }

  async #openBehind(index: Row): Promise<Stored<ApprovalRecord> | undefined> {
    const reference = String(index.properties.get('reference'));
    const row = await this.#table.read(PARTITION, reference);
    if (row === undefined) {
      if (ageMs(index) > INSERT_MOST_MS) await this.#forget(reference);
      return undefined;
    }
    const stored = toStored(row);
    return isOpen(stored.value) || ageMs(row) >= this.#shownWithinMs ? stored : undefined;
  }

  async #forget(reference: string): Promise<void> {
    await this.#table.remove(OPEN_PARTITION, reference).catch(() => undefined);
  }
}

/** Whether a stored request may still change. One that can't be read may. */
export function approvalIsOpen(row: Row): boolean {
  try {
    return isOpen(toStored(row).value);
  } catch {
    return true;
  }
}

function isOpen({ settlement, state }: ApprovalRecord): boolean {
  return state === 'pending' || state === 'approved' || state === 'executing' || (state === 'unknown' && settlement === undefined);
}

function ageMs({ storageNow, writtenAt }: Row): number {
  return storageNow.getTime() - writtenAt.getTime();
}

function doneKey(conversationId: string, requester: InternalId): string {
  return keyOf(JSON.stringify([conversationId, requester.digest()]));
}

function propertiesOf(record: ApprovalRecord): Properties {
  return { ...jsonProperties(toStoredJson(record)), shape: 1, state: record.state };
}

function toStored(row: Row): Stored<ApprovalRecord> {
  const value = fromStoredJson(approvalRecord, jsonOf(row));
  // The column is for whoever looks into storage by hand. Two truths about one approval are none.
  if (value.state !== row.properties.get('state')) throw new StewardError('STORAGE_UNAVAILABLE', 'an approval disagrees with itself about its state');
  return { value, etag: row.etag, storageNow: row.storageNow };
}
