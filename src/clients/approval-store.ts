import { z } from 'zod/v4';
import { StewardError, stewardErrorCodes } from '../errors.ts';
import type { ApprovalRecord, ApprovalState, ApprovalStore, StoredStep } from '../guard/approval.ts';
import { latchLevels, type Stored } from '../guard/ports.ts';
import { place } from './places.ts';
import { fromStoredJson, internalId, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, type Properties, type Row, type Table } from './tables.ts';

const PARTITION = 'approval';
const MOST_OPEN = 5_000;

const states = ['pending', 'approved', 'executing', 'succeeded', 'failed', 'unknown', 'denied', 'expired', 'withdrawn', 'killed'] as const satisfies readonly ApprovalState[];
const openStates = ['pending', 'approved', 'executing'] as const satisfies readonly ApprovalState[];

const storedStep: z.ZodType<StoredStep> = z.object({
  action: z.string(),
  version: z.string(),
  arguments: z.record(
    z.string(),
    z.union([z.strictObject({ text: z.string() }), z.strictObject({ kind: z.enum(['person', 'device']), handle: z.string(), id: internalId, label: z.string() })]),
  ),
  targetParameter: z.string().optional(),
  provenance: z.record(z.string(), z.enum(['your words', 'composed by Steward'])),
  digest: z.string(),
  targetContext: z.array(z.string()),
  outcome: z.enum(['waiting', 'running', 'done', 'failed', 'unknown', 'not run', 'observed']),
  problem: z.enum(stewardErrorCodes).optional(),
});

const approvalRecord: z.ZodType<ApprovalRecord> = z.object({
  reference: z.string(),
  state: z.enum(states),
  by: z.enum(['requester', 'second person']),
  subject: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('steps'), steps: z.array(storedStep) }),
    z.object({ kind: z.literal('revive'), reason: z.string(), level: z.enum(latchLevels) }),
  ]),
  requester: internalId,
  requesterName: z.string(),
  place,
  requestActivityId: z.string(),
  cards: z.array(z.object({ conversationId: z.string(), activityId: z.string(), place })),
  binding: z.string(),
  killEpoch: z.int(),
  expiresAt: z.date(),
  decidedBy: internalId.optional(),
  decidedByName: z.string().optional(),
  decidedAt: z.date().optional(),
});

/** Approvals, one row each, every move a compare-and-swap. */
export class TableApprovalStore implements ApprovalStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async insert(record: ApprovalRecord): Promise<Stored<ApprovalRecord>> {
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
    return written === 'conflict' ? undefined : { value: record, ...written };
  }

  async open(): Promise<readonly Stored<ApprovalRecord>[]> {
    const rows = await this.#table.list(`PartitionKey eq '${PARTITION}' and (${openStates.map((state) => `state eq '${state}'`).join(' or ')})`, MOST_OPEN);
    return rows.map(toStored);
  }
}

function propertiesOf(record: ApprovalRecord): Properties {
  return { ...jsonProperties(toStoredJson(record)), shape: 1, state: record.state };
}

function toStored(row: Row): Stored<ApprovalRecord> {
  const value = fromStoredJson(approvalRecord, jsonOf(row));
  // The column is what `open` filters by. Two truths about one approval are none.
  if (value.state !== row.properties.get('state')) throw new StewardError('STORAGE_UNAVAILABLE', 'an approval disagrees with itself about its state');
  return { value, etag: row.etag, storageNow: row.storageNow };
}
