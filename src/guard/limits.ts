import type { Action, Limit } from '../actions/action.ts';
import type { Clock } from '../clock.ts';
import type { LimitStore, RaisedLimit } from './ports.ts';

/** How long a raised limit stays raised. It ends by itself. */
export const RAISED_MS = 60 * 60_000;

/** Blast radius: how often an action may run in an hour, over the deployment and for one person. */
export class Limits {
  readonly #store: LimitStore;
  readonly #clock: Clock;

  constructor(store: LimitStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whether `uses` more of this action would pass a limit. Fails with `STORAGE_UNAVAILABLE`. */
  async isReached(action: Action, requesterDigest: string, uses: number): Promise<boolean> {
    if (action.limit === undefined) return false;
    const entries = await this.#entries(action.name, action.limit, requesterDigest);
    const used = await this.#store.used(this.#hour(), entries.map(({ key }) => key));
    // A counter that storage does not answer for is a full one.
    return entries.some(({ most }, index) => (used[index] ?? most) + uses > most);
  }

  /** Counts one use, unless a limit is reached: then false, and nothing was counted for the deployment. */
  async take(action: Action, requesterDigest: string): Promise<boolean> {
    if (action.limit === undefined) return true;
    const hour = this.#hour();
    for (const { key, most } of await this.#entries(action.name, action.limit, requesterDigest)) {
      if (!(await this.#store.count(hour, key, most))) return false;
    }
    return true;
  }

  /** Raises an action to its declared maximum for an hour. Called by the approvals alone, once two people were checked. */
  async raise(action: Action): Promise<RaisedLimit | undefined> {
    const most = action.limit?.raisableTo;
    if (most === undefined) return undefined;
    const raised = { action: action.name, perHour: most, until: new Date(this.#clock.now().getTime() + RAISED_MS) };
    await this.#store.raise(raised);
    return raised;
  }

  /** What is raised now, for `status`. */
  async raised(): Promise<readonly RaisedLimit[]> {
    const now = this.#clock.now();
    return (await this.#store.raised()).filter(({ until }) => until > now);
  }

  /** The person first: a use that only the deployment refuses is then counted for the person alone, which is the safe side. */
  async #entries(name: string, { perHour, perPersonPerHour = perHour, raisableTo = perHour }: Limit, requesterDigest: string): Promise<readonly { readonly key: string; readonly most: number }[]> {
    const raised = raisableTo > perHour ? await this.#store.raisedFor(name) : undefined;
    // What is stored may be of an older catalogue: never above what the action declares today.
    const raisedTo = raised === undefined || raised.until <= this.#clock.now() ? 0 : Math.min(raised.perHour, raisableTo);
    return [
      { key: `${name}:${requesterDigest}`, most: Math.max(perPersonPerHour, raisedTo) },
      { key: name, most: Math.max(perHour, raisedTo) },
    ];
  }

  #hour(): string {
    return this.#clock.now().toISOString().slice(0, 13);
  }
}
