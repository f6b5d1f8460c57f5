/** Trouble on demand: what an emulated service does instead of, or before, its real answer. */
import { z } from 'zod/v4';
import type { ServiceName } from './http.ts';

const serviceNames = ['identity', 'vault', 'graph', 'servicenow', 'arm', 'openai', 'storage'] as const satisfies readonly ServiceName[];

const isPattern = (text: string): boolean => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};

const faultSchema = z
  .strictObject({
    service: z.enum(serviceNames),
    kind: z.enum(['status', 'delay', 'hang', 'reset', 'body']),
    method: z.string().regex(/^[a-z]+$/i).transform((method) => method.toUpperCase()).optional(),
    path: z.string().refine(isPattern, 'not a regular expression').optional(),
    status: z.int().min(200).max(599).optional(),
    code: z.string().optional(),
    retryAfterSeconds: z.number().min(0).max(86_400).optional(),
    delayMs: z.int().min(0).max(600_000).optional(),
    body: z.unknown().optional(),
    contentType: z.string().regex(/^[\x20-\x7e]+$/).optional(),
    times: z.int().min(1).optional(),
  })
  .refine(({ kind, delayMs }) => kind !== 'delay' || delayMs !== undefined, { path: ['delayMs'], message: 'needed for a delay' });

const clearSchema = z.strictObject({ clear: z.literal(true) });

/**
 * A fault as `POST /faults` takes it. `status` answers that status in the service's shape, `delay` waits and goes on,
 * `hang` never answers, `reset` cuts the connection, `body` answers that body verbatim.
 */
export type Fault = Readonly<z.infer<typeof faultSchema>>;

/** What was posted is not a fault; the message is a sentence naming each bad field. */
export class FaultError extends Error {}

export interface Faults {
  /** Takes what came over the wire, a fault or `{clear: true}`; throws FaultError. */
  post(input: unknown): void;
  clear(): void;
  list(): readonly Fault[];
  /** The first fault in force for this request, counted as used. */
  take(service: ServiceName, method: string, path: string): Fault | undefined;
}

const isRecord = (input: unknown): input is Record<string, unknown> => typeof input === 'object' && input !== null;

function parseFault(input: unknown): Fault {
  const parsed = faultSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `\`${path.join('.') || 'fault'}\`: ${message}`);
  throw new FaultError(`This is not a fault: ${problems.join('; ')}.`);
}

/** Starts without any fault. */
export function createFaults(): Faults {
  let active: { readonly fault: Fault; readonly path: RegExp | undefined; left: number }[] = [];
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
      const path = fault.path === undefined ? undefined : new RegExp(fault.path, 'i');
      active.push({ fault, path, left: fault.times ?? Infinity });
    },
    clear: () => {
      active = [];
    },
    list: () => active.map(({ fault, left }) => (fault.times === undefined ? fault : { ...fault, times: left })),
    take: (service, method, path) => {
      if (active.length === 0) return undefined;
      const found = active.find(
        ({ fault, path: pattern }) =>
          fault.service === service &&
          (fault.method === undefined || fault.method === method) &&
          (pattern === undefined || pattern.test(path)),
      );
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left <= 0) active = active.filter((other) => other !== found);
      return found.fault;
    },
  };
}
