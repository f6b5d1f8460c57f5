import type { AnswerStore, SaidAnswer } from '../bot/ports.ts';
import { saidAnswer } from './memory.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { jsonOf, jsonProperties, keyOf, type Table } from './tables.ts';

const ANSWER = 'answer';

/** Which articles an answer quoted: a row for each answer, and one for each person who rated it. Nothing of who asked, or what. */
export class TableAnswerStore implements AnswerStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async add({ activityId, articles, conversationId, reference, turn }: SaidAnswer): Promise<void> {
    // Named one by one: what is handed in may hold more, which must not be kept here.
    await this.#table.insert(partitionOf(conversationId, activityId), ANSWER, jsonProperties(toStoredJson({ reference, turn, conversationId, activityId, articles })));
  }

  async find(conversationId: string, activityId: string): Promise<SaidAnswer | undefined> {
    const row = await this.#table.read(partitionOf(conversationId, activityId), ANSWER);
    return row && fromStoredJson(saidAnswer, jsonOf(row));
  }

  async isFirstRating({ activityId, conversationId }: Pick<SaidAnswer, 'conversationId' | 'activityId'>, person: string): Promise<boolean> {
    return (await this.#table.insert(partitionOf(conversationId, activityId), `by:${keyOf(person)}`, {})) !== 'exists';
  }
}

function partitionOf(conversationId: string, activityId: string): string {
  return keyOf(JSON.stringify([conversationId, activityId]));
}
