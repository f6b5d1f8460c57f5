import type { InternalId } from '../actions/internal-id.ts';
import { StewardError } from '../errors.ts';
import type { AdminRoster, PersonFacts, WhoIsWho } from '../guard/ports.ts';

/** Who someone is must be known within this time, or the message is answered without it. */
const WHO_DEADLINE_MS = 5_000;

/** Who writes and clicks. What is learnt about admins on the way is kept for the day on which the directory is down. */
export class Callers {
  readonly #whoIsWho: WhoIsWho;
  readonly #roster: AdminRoster;
  readonly #behind: (work: Promise<void>) => void;

  constructor(whoIsWho: WhoIsWho, roster: AdminRoster, behind: (work: Promise<void>) => void) {
    this.#whoIsWho = whoIsWho;
    this.#roster = roster;
    this.#behind = behind;
  }

  /** The person behind an account: facts, undefined when there is none, or the error that kept us from knowing. */
  async who(id: InternalId, freshness: 'brief' | 'now'): Promise<PersonFacts | StewardError | undefined> {
    try {
      const facts = await this.#whoIsWho.describe(id, freshness, AbortSignal.timeout(WHO_DEADLINE_MS));
      if (facts !== undefined) this.#behind(this.#roster.remember(id, facts.roles.includes('admin')));
      return facts;
    } catch (error) {
      return error instanceof StewardError ? error : new StewardError('DIRECTORY_UNAVAILABLE', 'the directory could not be read', { cause: error });
    }
  }
}
