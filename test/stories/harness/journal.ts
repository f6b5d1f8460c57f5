/** The control endpoint, as a test or a curious person uses it. */
import { at, isObject, textAt } from './json.ts';

export interface Entry {
  readonly time: string;
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Client id of the token. */
  readonly identity: string | null;
  readonly audience: string | null;
  readonly status: number;
  readonly body: unknown;
  readonly effect: boolean;
}

export interface Persona {
  readonly name: string;
  readonly teamsId: string;
  readonly aadObjectId: string;
  readonly upn: string;
  readonly tenantId: string;
  readonly roles: readonly string[];
}

export interface Fault {
  readonly service: 'identity' | 'vault' | 'graph' | 'openai' | 'storage';
  readonly kind: 'status' | 'delay' | 'hang' | 'reset' | 'body';
  readonly method?: string;
  /** A regular expression over the path. */
  readonly path?: string;
  readonly status?: number;
  readonly code?: string;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly times?: number;
}

export class Control {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  async people(): Promise<readonly Persona[]> {
    return (await this.#get('/people')) as readonly Persona[];
  }

  async journal(): Promise<readonly Entry[]> {
    const journal = await this.#get('/journal');
    if (!Array.isArray(journal)) throw new Error('`GET journal` is not an array');
    return journal as readonly Entry[];
  }

  async fault(fault: Fault): Promise<void> {
    await this.#post('/faults', fault);
  }

  async heal(): Promise<void> {
    await this.#post('/faults', { clear: true });
  }

  /** A channel token, good or bad. */
  async token(kind: string, serviceUrl: string): Promise<string> {
    const token = textAt(await this.#post('/token', { kind, serviceUrl }), 'token');
    if (token === '') throw new Error(`control gave no token of kind ${kind}`);
    return token;
  }

  async reset(): Promise<void> {
    await this.#post('/reset', {});
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.#url + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(this.#url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** What happened since a moment, in one story. */
export class Journal {
  readonly #control: Control;
  #from: number;

  private constructor(control: Control, from: number) {
    this.#control = control;
    this.#from = from;
  }

  /** Starts now: what is in the journal already does not count. */
  static async from(control: Control): Promise<Journal> {
    return new Journal(control, (await control.journal()).length);
  }

  async entries(): Promise<readonly Entry[]> {
    return (await this.#control.journal()).slice(this.#from);
  }

  /** What changed something outside Steward. */
  async effects(): Promise<readonly Entry[]> {
    return (await this.entries()).filter(({ effect }) => effect);
  }

  async of(service: string): Promise<readonly Entry[]> {
    return (await this.entries()).filter((entry) => entry.service === service);
  }

  /** Forgets what happened so far. */
  async skip(): Promise<void> {
    this.#from = (await this.#control.journal()).length;
  }
}

/** One line about an entry, for messages of failed assertions. */
export const brief = ({ service, method, path, status, body }: Entry): string => `${service} ${method} ${path} ${status} ${JSON.stringify(isObject(body) ? body : at(body))}`;
