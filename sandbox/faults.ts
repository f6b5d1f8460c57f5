/** Trouble on demand: what an emulated service does instead of, before, or to its real answer. */
import { z } from 'zod/v4';
import { serviceNames } from './http.ts';
import type { ServiceName } from './http.ts';

export const faultKinds = ['status', 'delay', 'hang', 'reset', 'body', 'slow', 'huge', 'html', 'redirect', 'quirk'] as const;

type Moment = 'instead' | 'answer' | 'service';

interface Quirk {
  /** Acted out instead of the real answer, upon the real answer, or by the service, which reads `SandboxRequest.quirk`. */
  readonly moment: Moment;
  readonly services: readonly ServiceName[];
  /** Requests that it can meet at all; others neither see it nor use it up. */
  readonly meets: 'all' | 'reads' | 'writes';
}

const json = ['graph', 'servicenow', 'arm', 'logic'] as const;

/** What real services were seen to do and their reference does not say. */
export const quirks = {
  /** Microsoft Graph says 404 Request_ResourceNotFound where it means 403. */
  'not-found-for-forbidden': { moment: 'answer', services: ['graph'], meets: 'all' },
  /** 200, and the service's own error body in it; nothing was carried out. */
  'ok-with-error': { moment: 'instead', services: [...serviceNames], meets: 'all' },
  /** Once something was written, a read that was made before it gets its old answer again, `times` times in all. */
  'stale-read': { moment: 'answer', services: json, meets: 'all' },
  /** Every page after the first has a next link that leads back to the first. */
  'repeating-page': { moment: 'answer', services: ['graph', 'servicenow', 'arm'], meets: 'reads' },
  /** 429 without Retry-After. */
  'throttle-silent': { moment: 'instead', services: [...serviceNames], meets: 'all' },
  /** A host (see `host`) does not know the path that the other region takes: 404, or 307 to `location`. */
  'regional-endpoint': { moment: 'instead', services: ['logic'], meets: 'all' },
  /** Microsoft Graph refuses a write because of another one: 409 Directory_ConcurrencyViolation, or the `status` given. */
  'concurrency-violation': { moment: 'instead', services: ['graph'], meets: 'writes' },
  /** Booleans of the answer are written as "true" and "false". */
  'string-booleans': { moment: 'answer', services: json, meets: 'all' },
  /** ServiceNow answers 404 for a query that finds nothing, not 200 with an empty list. */
  'empty-is-404': { moment: 'service', services: ['servicenow'], meets: 'reads' },
} as const satisfies Readonly<Record<string, Quirk>>;

export type QuirkName = keyof typeof quirks;
export const quirkNames: readonly QuirkName[] = Object.keys(quirks) as QuirkName[]; // the table's own keys

const isPattern = (text: string): boolean => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};
const pattern = z.string().refine(isPattern, 'not a regular expression').optional();

const faultSchema = z
  .strictObject({
    service: z.enum(serviceNames),
    kind: z.enum(faultKinds),
    quirk: z.enum(quirkNames).optional(),
    method: z.string().regex(/^[a-z]+$/i).transform((method) => method.toUpperCase()).optional(),
    host: pattern,
    path: pattern,
    status: z.int().min(200).max(599).optional(),
    code: z.string().optional(),
    retryAfterSeconds: z.number().min(0).max(86_400).optional(),
    delayMs: z.int().min(0).max(600_000).optional(),
    body: z.unknown().optional(),
    contentType: z.string().regex(/^[\x20-\x7e]+$/).optional(),
    location: z.url().optional(),
    times: z.int().min(1).optional(),
  })
  .refine(({ kind, delayMs }) => kind !== 'delay' || delayMs !== undefined, { path: ['delayMs'], message: 'needed for a delay' })
  .refine(({ kind, quirk }) => (kind === 'quirk') === (quirk !== undefined), { path: ['quirk'], message: 'goes with the kind `quirk`, which needs one' })
  .refine(({ quirk, service }) => quirk === undefined || servicesOf(quirk).includes(service), { path: ['quirk'], message: 'not one of this service' });

const servicesOf = (quirk: QuirkName): readonly ServiceName[] => quirks[quirk].services;

const clearSchema = z.strictObject({ clear: z.literal(true) });

/**
 * A fault as `POST /faults` takes it. `status` answers that status in the service's shape, `delay` waits and goes on,
 * `hang` never answers, `reset` cuts the connection, `body` answers that body verbatim. The hostile ones: `slow` sends
 * its body a byte a second (`delayMs` apart), `huge` a body without an end, `html` a page, `redirect` leads to another
 * host. `quirk` is one of `quirks`.
 */
export type Fault = Readonly<z.infer<typeof faultSchema>>;

/** A quirk that changes the answer, or that the service acts out. */
export interface QuirkInForce {
  readonly quirk: QuirkName;
  /** Counts it as used: called only where it showed. */
  spend(): void;
}

/** What was posted is not a fault; the message is a sentence naming each bad field. */
export class FaultError extends Error {}

export interface Faults {
  /** Takes what came over the wire, a fault or `{clear: true}`; throws FaultError. */
  post(input: unknown): void;
  clear(): void;
  list(): readonly Fault[];
  /** The first fault in force for this request that takes the place of the answer or delays it, counted as used. */
  take(service: ServiceName, method: string, path: string, host?: string): Fault | undefined;
  /** The quirks in force for this request that need the real answer; not counted until they are spent. */
  quirksOf(service: ServiceName, method: string, path: string, host?: string): readonly QuirkInForce[];
}

const isRecord = (input: unknown): input is Record<string, unknown> => typeof input === 'object' && input !== null;

function parseFault(input: unknown): Fault {
  const parsed = faultSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `\`${path.join('.') || 'fault'}\`: ${message}`);
  throw new FaultError(`This is not a fault: ${problems.join('; ')}.`);
}

const readMethods = new Set(['GET', 'HEAD']);
const compile = (text: string | undefined): RegExp | undefined => (text === undefined ? undefined : new RegExp(text, 'i'));

interface Active {
  readonly fault: Fault;
  readonly path: RegExp | undefined;
  readonly host: RegExp | undefined;
  readonly moment: Moment;
  left: number;
}

const meets = ({ quirk }: Fault, method: string): boolean => {
  const which = quirk === undefined ? 'all' : quirks[quirk].meets;
  return which === 'all' || readMethods.has(method) === (which === 'reads');
};

/** Starts without any fault. */
export function createFaults(): Faults {
  let active: Active[] = [];
  const spend = (one: Active): void => {
    one.left -= 1;
    if (one.left <= 0) active = active.filter((other) => other !== one);
  };
  const isFor = ({ fault, path: pathPattern, host: hostPattern }: Active, service: ServiceName, method: string, path: string, host: string): boolean =>
    fault.service === service &&
    (fault.method === undefined || fault.method === method) &&
    (pathPattern === undefined || pathPattern.test(path)) &&
    (hostPattern === undefined || hostPattern.test(host)) &&
    meets(fault, method);

  return {
    post: (input) => {
      if (isRecord(input) && 'clear' in input) {
        if (!clearSchema.safeParse(input).success) {
          throw new FaultError('`clear`: to clear all faults, post {"clear": true} and nothing else.');
        }
        active = [];
        return;
      }
      const fault = parseFault(input);
      const moment = fault.quirk === undefined ? 'instead' : quirks[fault.quirk].moment;
      active.push({ fault, path: compile(fault.path), host: compile(fault.host), moment, left: fault.times ?? Infinity });
    },
    clear: () => {
      active = [];
    },
    list: () => active.map(({ fault, left }) => (fault.times === undefined ? fault : { ...fault, times: left })),
    take: (service, method, path, host = '') => {
      const found = active.find((one) => one.moment === 'instead' && isFor(one, service, method, path, host));
      if (found !== undefined) spend(found);
      return found?.fault;
    },
    quirksOf: (service, method, path, host = '') =>
      active.flatMap((one) => {
        const { quirk } = one.fault;
        return quirk === undefined || one.moment === 'instead' || !isFor(one, service, method, path, host) ? [] : [{ quirk, spend: () => spend(one) }];
      }),
  };
}
