/** Messages of Steward as they came, and the present form of each: the connector's own look-ups go through all of them. */
import { cardOf, hasCard, isAlive, textOf } from '../../test/stories/harness/cards.ts';
import type { Connector, Received } from '../../test/stories/harness/connector.ts';

export class Cards {
  readonly #connector: Connector;
  readonly #current = new Map<string, Received>();
  #read = 0;

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  /** Where the next message will stand. */
  get position(): number {
    return this.#connector.log.length;
  }

  /** New messages that were delivered, from a position on. */
  since(position: number): readonly Received[] {
    return this.#connector.log.slice(position).filter(({ activity, kind, status }) => kind === 'send' && activity.type === 'message' && status >= 200 && status < 300);
  }

  /** A message as it stands now. */
  current(activityId: string): Received | undefined {
    const { log } = this.#connector;
    for (; this.#read < log.length; this.#read += 1) {
      const received = log[this.#read];
      if (received !== undefined && received.status >= 200 && received.status < 300 && received.activity.type === 'message') this.#current.set(received.activityId, received);
    }
    return this.#current.get(activityId);
  }

  /** What a card says, once it says how its request ended; undefined while it waits or runs. */
  endOf(activityId: string): readonly string[] | undefined {
    const now = this.current(activityId);
    if (now === undefined || !hasCard(now) || isAlive(cardOf(now))) return undefined;
    const words = textOf(cardOf(now));
    return /running …|^Running/im.test(words) ? undefined : words.split('\n');
  }
}
