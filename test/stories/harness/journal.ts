/** The control endpoint, as a test or a curious person uses it. */
import { at, isObject, textAt } from './json.ts';

export interface Entry {
  /** Counts up for the life of the sandbox. */
  readonly index: number;
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
  readonly service: 'identity' | 'vault' | 'graph' | 'openai' | 'storage' | 'servicenow' | 'arm' | 'logic';
  readonly kind: 'status' | 'delay' | 'hang' | 'reset' | 'body' | 'slow' | 'huge' | 'html' | 'redirect' | 'quirk';
  /** One of `quirks` in sandbox/faults.ts, for that kind. */
  readonly quirk?: string;
  /** A regular expression over the host name. */
  readonly host?: string;
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

  /** All of it, or what came with this index or a later one. */
  async journal(since = 0): Promise<readonly Entry[]> {
    const journal = await this.#get(`/journal?since=${since}`);
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
  #from = 0;

  constructor(control: Control) {
    this.#control = control;
  }

  async entries(): Promise<readonly Entry[]> {
    return this.#control.journal(this.#from);
  }

  /** From now on: what is in the journal already does not count. */
  async skip(): Promise<void> {
    const last = (await this.entries()).at(-1);
    if (last !== undefined) this.#from = last.index + 1;
  }

  /** What changed something outside Steward. */
  async effects(): Promise<readonly Entry[]> {
    return (await this.entries()).filter(({ effect }) => effect);
  }

  async of(service: string): Promise<readonly Entry[]> {
    return (await this.entries()).filter((entry) => entry.service === service);
  }
}

/** One line about an entry, for messages of failed assertions. */
export const brief = ({ service, method, path, status, body }: Entry): string => `${service} ${method} ${path} ${status} ${JSON.stringify(isObject(body) ? body : at(body))}`;
