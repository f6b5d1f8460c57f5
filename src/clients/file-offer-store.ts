import { z } from 'zod/v4';
import type { FileOffer, FileOfferStore } from '../bot/ports.ts';
import { storedStep } from './approval-store.ts';
import { place } from './places.ts';
import { fromStoredJson, internalId, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Row, type Table } from './tables.ts';

/** An offer is good for so long, by storage's clock. */
export const OFFER_TTL_MS = 15 * 60_000;
/** More offers than this in one chat within the time would not be of a person. */
const MOST_OFFERS = 1_000;
const TAKEN = 'taken';

const fileOffer: z.ZodType<FileOffer> = z.object({ reference: z.string(), requester: internalId, place, activityId: z.string(), step: storedStep } satisfies Record<keyof FileOffer, z.ZodType>);

/** Reports that people may have as a file: one row each, by conversation. No row holds anything that was read. */
export class TableFileOfferStore implements FileOfferStore {
  readonly #table: Table;
  readonly #ttlMs: number;

  constructor(table: Table, { ttlMs = OFFER_TTL_MS }: { readonly ttlMs?: number } = {}) {
    this.#table = table;
    this.#ttlMs = ttlMs;
  }

  async add(offer: FileOffer): Promise<void> {
    const partition = keyOf(offer.place.conversationId);
    await this.#table.insert(partition, offer.reference, { ...jsonProperties(toStoredJson(offer)), [TAKEN]: false });
    await this.#prune(partition);
  }

  async take(reference: string, by: Parameters<FileOfferStore['take']>[1]): Promise<FileOffer | undefined> {
    const partition = keyOf(by.conversationId);
    const row = await this.#table.read(partition, reference);
    if (row === undefined || this.#isOver(row)) return undefined;
    const offer = fromStoredJson(fileOffer, jsonOf(row));
    const isItsCard = by.activityId === undefined || by.activityId === offer.activityId;
    if (!offer.requester.equals(by.requester) || offer.place.conversationId !== by.conversationId || !isItsCard) return undefined;
    // What it stood for goes with it: the row only says that it was taken.
    const taken = await this.#table.replace(partition, reference, { [TAKEN]: true }, row.etag);
    return taken === 'conflict' ? undefined : offer;
  }

  async #prune(partition: string): Promise<void> {
    const rows = await this.#table.list(`PartitionKey eq '${partition}'`, MOST_OFFERS);
    await Promise.all(rows.filter((row) => this.#isOver(row)).map(({ key }) => this.#table.remove(partition, key)));
  }

  #isOver({ properties, storageNow, writtenAt }: Row): boolean {
    return properties.get(TAKEN) !== false || storageNow.getTime() - writtenAt.getTime() >= this.#ttlMs;
  }
}
