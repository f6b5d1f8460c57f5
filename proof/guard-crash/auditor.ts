/** Reads storage as an auditor would, over the wire: approvals, ledgers, messages that nobody answered. Changes nothing but the count of uses. */
import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { firstBadRecord } from '../../src/audit/ledger.ts';
import type { LedgerRecord } from '../../src/audit/record.ts';
import type { Cloud } from '../../sandbox/cloud.ts';
import { AUDITOR } from './boundary.ts';
import type { JudgedStep } from './judge.ts';

/** An approval as it is stored. */
export interface StoredRequest {
  readonly reference: string;
  readonly state: string;
  readonly steps: readonly JudgedStep[];
  /** Whether storage says that admins were told that its outcome is unknown. */
  readonly reported: boolean;
  readonly cards: readonly { readonly conversationId: string; readonly activityId: string; readonly purpose: string }[];
}

export interface Row {
  readonly PartitionKey: string;
  readonly RowKey: string;
  readonly [name: string]: unknown;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How the ledger names a request. */
export const publicName = (reference: string): string => createHash('sha256').update(reference).digest('hex').slice(0, 16);

export class Auditor {
  readonly #cloud: Cloud;
  /** Ledgers of bots that are gone change no more. */
  readonly #closed = new Map<string, readonly LedgerRecord[]>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  async rows(table: string, filter = ''): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let next = '';
    do {
      const { headers, status, text } = await this.#send('GET', `${this.#cloud.endpoints.tables}/${table}()?${filter === '' ? '' : `$filter=${encodeURIComponent(filter)}&`}${next}`);
      if (status !== 200) throw new Error(`the table ${table} answered ${status}: ${text.slice(0, 300)}`);
      rows.push(...(JSON.parse(text) as { readonly value: readonly Row[] }).value);
      const [partition, row] = ['nextpartitionkey', 'nextrowkey'].map((name) => headers[`x-ms-continuation-${name}`]);
      next = partition === undefined ? '' : `NextPartitionKey=${encodeURIComponent(String(partition))}${row === undefined ? '' : `&NextRowKey=${encodeURIComponent(String(row))}`}`;
    } while (next !== '');
    return rows;
  }

  /** Requests that were written since, oldest or not. */
  async requests(since?: Date): Promise<readonly StoredRequest[]> {
    const rows = await this.rows('approvals', `PartitionKey eq 'approval'${since === undefined ? '' : ` and Timestamp ge datetime'${since.toISOString()}'`}`);
    return rows.map(toRequest);
  }

  /** Nobody may block so many people in an hour; a proof does. */
  async forgetLimits(): Promise<void> {
    for (const { PartitionKey, RowKey } of await this.rows('limits')) {
      const { status } = await this.#send('DELETE', `${this.#cloud.endpoints.tables}/limits(PartitionKey='${encodeURIComponent(PartitionKey)}',RowKey='${encodeURIComponent(RowKey)}')`, { 'if-match': '*' });
      if (status >= 300 && status !== 404) throw new Error(`a count could not be removed: ${status}`);
    }
  }

  /** Every ledger by its name, oldest first. With `closed`, no bot lives, and what is read is kept. */
  async ledgers({ closed }: { readonly closed: boolean }): Promise<ReadonlyMap<string, readonly LedgerRecord[]>> {
    const { status, text } = await this.#send('GET', `${this.#cloud.endpoints.blobs}/ledger?restype=container&comp=list`);
    if (status !== 200) throw new Error(`the ledger answered ${status}: ${text.slice(0, 300)}`);
    const found = new Map<string, readonly LedgerRecord[]>();
    for (const [, name = ''] of text.matchAll(/<Name>([^<]+)<\/Name>/g)) {
      const known = this.#closed.get(name);
      const records = known ?? (await this.#ledger(name));
      if (closed) this.#closed.set(name, records);
      found.set(name, records);
    }
    return found;
  }

  /** Those that changed since they were last read for good. */
  async openLedgers(): Promise<readonly (readonly LedgerRecord[])[]> {
    return [...(await this.ledgers({ closed: false })).entries()].filter(([name]) => !this.#closed.has(name)).map(([, records]) => records);
  }

  async #ledger(name: string): Promise<readonly LedgerRecord[]> {
    const { status, text } = await this.#send('GET', `${this.#cloud.endpoints.blobs}/ledger/${name}`);
    // A blob that was made and never written to.
    if (status === 416) return [];
    if (status !== 200) throw new Error(`the ledger ${name} answered ${status}`);
    return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as LedgerRecord);
  }

  async #send(method: string, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { agent, identities } = this.#cloud;
    const { token } = await this.#cloud.credentialFor(identities.keeper).getToken('https://storage.azure.com/.default');
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, agent, headers: { authorization: `Bearer ${token}`, accept: 'application/json;odata=nometadata', 'x-ms-version': '2021-12-02', 'x-ms-date': new Date().toUTCString(), dataserviceversion: '3.0', [AUDITOR]: '1', ...headers } }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), headers: incoming.headers }));
        incoming.on('error', reject);
      });
      outgoing.on('error', reject).end();
    });
  }
}

/** Names of ledgers whose chain does not hold. */
export function brokenChains(ledgers: ReadonlyMap<string, readonly LedgerRecord[]>): readonly string[] {
  return [...ledgers].filter(([, records]) => firstBadRecord(records) !== undefined).map(([name]) => name);
}

interface StoredJson {
  readonly state: string;
  readonly reference: string;
  readonly reportedAt?: unknown;
  readonly cards: StoredRequest['cards'];
  readonly subject: { readonly kind: string; readonly steps?: readonly { readonly action: string; readonly outcome: string; readonly targetParameter?: string; readonly arguments: Readonly<Record<string, { readonly id?: { readonly $id?: string } }>> }[] };
}

function toRequest(row: Row): StoredRequest {
  const chunks = Array.from({ length: 10 }, (_, index) => row[`json${index}`]);
  const json = chunks.filter((chunk) => typeof chunk === 'string').join('');
  // Written by src/clients/stored-json.ts; read here without its code, as somebody else would.
  const { cards, reference, reportedAt, state, subject } = JSON.parse(json) as StoredJson;
  const steps = (subject.steps ?? []).map((step) => ({ action: step.action, outcome: step.outcome, target: step.arguments[step.targetParameter ?? '']?.id?.$id ?? '' }));
  return { reference, state, steps, cards, reported: reportedAt !== undefined };
}
