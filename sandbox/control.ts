/** The control server: what tests and people use to look into the sandbox and to upset it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod/v4';
import { tokenKinds } from './channel.ts';
import type { Channel } from './channel.ts';
import { FaultError, faultKinds, quirkNames } from './faults.ts';
import type { Faults } from './faults.ts';
import { serviceNames } from './http.ts';
import type { Journal, JournalFilter } from './journal.ts';
import { journalPage, pageHeaders } from './journal-page.ts';
import { BodyCutError, BodyTooLargeError, listen, readBody, send, urlOf } from './wire.ts';
import type { Answer } from './wire.ts';

export interface ControlOptions {
  readonly people: () => readonly unknown[];
  /** Client ids by the names that people know the identities by. */
  readonly identities: Readonly<Record<string, string>>;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly channel: Channel;
  readonly reset: () => Promise<void>;
}

export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

const maximumBodyBytes = 1024 * 1024;
const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

const filterSchema = z.object({
  service: z.enum(serviceNames).optional(),
  effect: z.enum(['true', 'false']).transform((text) => text === 'true').optional(),
  since: z.string().regex(/^\d+$/, 'not a number').transform(Number).optional(),
});
const tokenSchema = z.strictObject({ kind: z.enum(tokenKinds).optional(), serviceUrl: z.string().optional() });

const routes: readonly (readonly [method: string, path: string, does: string])[] = [
  ['GET', '/people', 'the people who may write to Steward, with their ids and roles'],
  ['GET', '/journal', 'requests that the emulated services received; ?service=NAME&effect=true|false&since=INDEX; a browser gets a page of those with an effect'],
  ['GET', '/faults', 'the faults in force'],
  [
    'POST',
    '/faults',
    `{service, kind: ${faultKinds.join('|')}, quirk?: ${quirkNames.join('|')}, method?, host?, path?, status?, code?, ` +
      'retryAfterSeconds?, delayMs?, body?, contentType?, location?, times?} or {clear: true}',
  ],
  ['POST', '/token', '{kind?, serviceUrl?}: a channel token, good or bad'],
  ['POST', '/reset', "company, vault, faults, journal and Steward's stores as at the start"],
];

class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const parse = <T>(schema: z.ZodType<T>, input: unknown): T => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `\`${path.join('.') || 'body'}\`: ${message}`);
  throw new RequestError(400, `${problems.join('; ')}.`);
};

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request, maximumBodyBytes);
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RequestError(400, 'The body is not valid JSON.');
  }
}

/** A page in someone's browser must not mint tokens: only loopback names, and no foreign origin. */
function refuseForeign({ headers: { origin } }: IncomingMessage, url: URL): void {
  const isOurs = origin === undefined || (URL.canParse(origin) && loopbackHosts.has(new URL(origin).hostname));
  if (!isOurs || !loopbackHosts.has(url.hostname)) throw new RequestError(403, 'The control server answers this machine only.');
}

const named = z.object({ aadObjectId: z.string(), name: z.string() });

function namesOf(people: readonly unknown[]): ReadonlyMap<string, string> {
  return new Map(people.flatMap((person) => {
    const { data } = named.safeParse(person);
    return data === undefined ? [] : [[data.aadObjectId, data.name]];
  }));
}

/** Listens on loopback and speaks JSON (and one page for people); every error is `{error}` with a sentence. */
export async function startControl({ people, identities, journal, faults, channel, reset }: ControlOptions): Promise<Control> {
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { method = 'GET' } = request;
    const url = urlOf(request, 'http');
    if (url === undefined) throw new RequestError(400, 'The request has no valid URL.');
    refuseForeign(request, url);
    const path = url.pathname.replace(/\/+$/, '') || '/';
    const body = await jsonOf(request);
    switch (`${method} ${path}`) {
      case 'GET /':
        return { status: 200, body: { routes: routes.map(([verb, at, does]) => ({ method: verb, path: at, does })) } };
      case 'GET /people':
        return { status: 200, body: people() };
      case 'GET /journal': {
        const filter: JournalFilter = parse(filterSchema, Object.fromEntries(url.searchParams));
        if (!(request.headers.accept ?? '').includes('text/html')) return { status: 200, body: journal.entries(filter) };
        return { status: 200, headers: pageHeaders, body: journalPage({ entries: journal.entries({ effect: true, ...filter }), identities, names: namesOf(people()) }) };
      }
      case 'GET /faults':
        return { status: 200, body: { faults: faults.list() } };
      case 'POST /faults':
        faults.post(body);
        return { status: 200, body: { faults: faults.list() } };
      case 'POST /token': {
        const { kind, serviceUrl = 'http://127.0.0.1/' } = parse(tokenSchema, body);
        return { status: 200, body: { token: await channel.mintToken({ kind, serviceUrl }) } };
      }
      case 'POST /reset':
        await reset();
        return { status: 200, body: { reset: true } };
      default: {
        const isKnown = routes.some(([, known]) => known === path);
        if (isKnown) throw new RequestError(405, `${path} does not take ${method}.`);
        throw new RequestError(404, `There is no ${path} here; GET / lists what there is.`);
      }
    }
  };

  const fail = (response: ServerResponse, error: unknown): void => {
    if (error instanceof BodyCutError) return;
    if (error instanceof RequestError) send(response, { status: error.status, body: { error: error.message } });
    else if (error instanceof FaultError) send(response, { status: 400, body: { error: error.message } });
    else if (error instanceof BodyTooLargeError) send(response, { status: 413, body: { error: 'The body is larger than 1 MB.' } });
    else {
      process.stderr.write(`sandbox: control: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      send(response, { status: 500, body: { error: 'The control server failed on this request; its log says why.' } });
    }
  };

  const server = await listen((request, response) => {
    answer(request)
      .then((result) => send(response, result))
      .catch((error: unknown) => fail(response, error));
  });
  return { url: `http://127.0.0.1:${server.port}`, close: () => server.close() };
}
