import type { ApprovalRecord } from './approval.ts';
import type { ApprovalRows, Audience } from './approval-rows.ts';
import type { Stored } from './ports.ts';
import { ALIVE_MS } from './run-approved.ts';
import { markInterrupted } from './stored-step.ts';
import { isForAdmins } from './who-decides.ts';

/** Whether a request that waits was asked before a kill. */
export type IsKilled = (record: ApprovalRecord) => boolean;

/** The parts of its time after which a request that waits is brought to mind, and the backup group is asked. */
const REMIND_AFTER = 1 / 2;
const ESCALATE_AFTER = 3 / 4;

/**
 * Housekeeping over everything open, at start-up and every few seconds: reminds, asks the backup group, expires what waited
 * too long or was killed meanwhile, settles as `unknown` what a dead instance was executing, and shows the ends that it did not show any more.
 * What was approved and never begun is `failed`: nothing of it happened. Several instances may do it at once: each change is a compare-and-swap.
 */
export async function sweep(rows: ApprovalRows, audience: Audience, staleness: () => Promise<IsKilled>): Promise<void> {
  const open = await rows.store.open();
  // A latch that can't be read kills no card; it lets none be approved either.
  const isKilled = await staleness().catch((): IsKilled => () => false);
  const failures: unknown[] = [];
  // One that can't be dealt with must not keep the others waiting.
  for (const stored of open) await sweepOne(stored, rows, audience, isKilled).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function sweepOne(stored: Stored<ApprovalRecord>, rows: ApprovalRows, audience: Audience, isKilled: IsKilled): Promise<void> {
  const { value: record, storageNow } = stored;
  switch (record.state) {
    case 'pending':
      if (isKilled(record)) await rows.finish(stored, { state: 'killed' });
      else await sweepPending(stored, rows, audience);
      return;
    case 'approved':
      if (isDead(record, storageNow)) await rows.settle(stored, { state: 'failed' });
      return;
    case 'executing':
      if (isDead(record, storageNow)) await rows.settle(stored, { state: 'unknown', subject: markInterrupted(record.subject) });
      return;
    case 'unknown':
      // Told first and noted afterwards: told twice is better than never.
      if (record.settlement !== undefined) return audience.changed(record);
      if (record.reportedAt === undefined && (await audience.doubt(record))) await rows.update(record.reference, (now) => ({ ...now, reportedAt: storageNow }));
      return;
    case 'succeeded':
    case 'failed':
    case 'denied':
    case 'expired':
    case 'withdrawn':
    case 'killed':
      // It ended a while ago, and its cards did not say so: whoever ended it died, or the channel refused.
      return audience.changed(record);
  }
}

async function sweepPending(stored: Stored<ApprovalRecord>, rows: ApprovalRows, audience: Audience): Promise<void> {
  const { value: record, storageNow } = stored;
  if (record.expiresAt <= storageNow) {
    await rows.settle(stored, { state: 'expired' });
    return;
  }
  if (record.by === 'requester') return;
  const waited = (storageNow.getTime() - record.createdAt.getTime()) / (record.expiresAt.getTime() - record.createdAt.getTime());
  // Noted first: several instances look, and one of them tells.
  if (waited >= ESCALATE_AFTER && record.escalatedAt === undefined && !isForAdmins(record)) {
    const escalated = await rows.swap(stored, { escalatedAt: storageNow });
    if (escalated !== undefined) await audience.escalate(escalated.value);
    return;
  }
  if (waited >= REMIND_AFTER && record.remindedAt === undefined) {
    const reminded = await rows.swap(stored, { remindedAt: storageNow });
    if (reminded !== undefined) await audience.remind(reminded.value);
  }
}

/** Whether the instance that had it in hand let its time pass. */
function isDead({ aliveUntil, decidedAt, expiresAt }: ApprovalRecord, storageNow: Date): boolean {
  return (aliveUntil ?? new Date((decidedAt ?? expiresAt).getTime() + ALIVE_MS)) <= storageNow;
}
