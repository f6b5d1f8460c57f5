import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { Handle, HandleKind, Reference } from './handles.ts';
import { InternalId } from './internal-id.ts';
import type { CallOptions, OperationReceipt, Robot } from './ports.ts';

/** What an action does to the world. `read` changes nothing; `critical` can't be taken back. */
export const effects = ['read', 'write', 'destructive', 'critical'] as const;
export type Effect = (typeof effects)[number];

/**
 * What the policy knows an action as: its effect, or a finer word where the same effect is decided differently. A
 * sensitive read tells what a colleague could be hurt with; self-service changes only what the requester opened;
 * a restore takes a destructive action back.
 */
export const policyClasses = ['read', 'sensitive_read', 'self_service', 'write', 'destructive', 'restore', 'critical'] as const;
export type PolicyClass = (typeof policyClasses)[number];

/** The finer words that an effect may be known as. */
const FINER: Readonly<Record<Effect, readonly PolicyClass[]>> = { read: ['sensitive_read'], write: ['self_service'], destructive: ['restore'], critical: [] };

/** The systems that actions reach: Microsoft Graph, ServiceNow, Azure Resource Manager, Logic Apps' request triggers. */
export const systems = ['graph', 'servicenow', 'arm', 'logic'] as const;
export type System = (typeof systems)[number];

/** One operation of one API, with the grants that it needs, all of them: `infra/permissions.json` names each. */
export interface Operation {
  readonly system: System;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path template as in the published reference. */
  readonly path: string;
  readonly permissions: readonly string[];
}

type Describe = (method: Operation['method'], path: string, ...permissions: string[]) => Operation;

const operationOf =
  (system: System): Describe =>
  (method, path, ...permissions) => ({ system, method, path, permissions });

/** A Microsoft Graph v1.0 operation. */
export const graph = operationOf('graph');
/** A ServiceNow Table API operation; the permission is a role of the integration user. */
export const servicenow = operationOf('servicenow');
/** An Azure Resource Manager operation; the permission is the RBAC action. */
export const arm = operationOf('arm');
/** A Logic App's request trigger, under its own Microsoft Entra ID authorisation policy. */
export const logic = operationOf('logic');

/** What a deployment must have set before an action exists in it. */
export const requirements = ['managed groups', 'mailbox', 'servicenow', 'app services', 'grant guest wifi', 'offboard person'] as const;
export type Requirement = (typeof requirements)[number];

/** Rows that a person can have as a file as well. */
export interface Report {
  /** The result field that holds them all; each is an object of plain values and things. */
  readonly rows: string;
  /** The field of a row by whose values a chart counts rows; or the number fields that make up a row’s bar. */
  readonly chart?: string | { readonly parts: readonly [string, string] };
}

// --- parameters ----------------------------------------------------------------------------------------------------

/** Free text that a person will read. Control characters other than line feed are refused. */
export function text(options: { readonly max: number; readonly description: string }): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(options.max)
    // A refinement rather than a pattern, so that it stays out of the model's JSON Schema.
    .refine((value) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(value.replaceAll('\n', ' ')), 'must not contain control or direction characters')
    .meta({ description: options.description });
}

/** Text to search by. A `text_…` handle in its place is resolved by code before the search. */
export function searchText(options: { readonly max: number; readonly description: string }): z.ZodString {
  return text(options).meta({ description: options.description, acceptsTextHandle: true });
}

/** A day as YYYY-MM-DD, not further than so many days from today, before or after. The request says when, so words for that day put nothing off. */
export function day(options: { readonly withinDays: number; readonly description: string }): z.ZodString {
  return z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .refine((value) => !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value), 'must be a day of the calendar')
    .meta({ ...options, states: 'day' });
}

/** Arguments after the server has resolved the handles in them. */
export type ResolvedArguments<P> = { readonly [K in keyof P]: P[K] extends Handle<infer Kind extends HandleKind> ? Reference<Kind> : P[K] };

// --- results -------------------------------------------------------------------------------------------------------

/** A thing in a result: the model gets a handle for it, the person reads its label. */
export interface Thing<K extends HandleKind = HandleKind> {
  readonly kind: K;
  readonly id: InternalId;
  readonly label: string;
}

/** A result field that is a thing. */
export function thing<K extends HandleKind>(kind: K): z.ZodType<Thing<K>> {
  return z
    .custom<Thing<K>>((value) => typeof value === 'object' && value !== null && 'id' in value && value.id instanceof InternalId && 'kind' in value && value.kind === kind)
    .meta({ audience: 'thing', handle: kind });
}

/** A result field for the person alone: directory text, a business id. The model never gets it. */
export function personOnly<T extends z.ZodType>(schema: T): T {
  return schema.meta({ audience: 'person' });
}

export type ResultSchema = z.ZodObject<z.core.$ZodShape>;

// --- the definition ------------------------------------------------------------------------------------------------

export interface RunContext extends CallOptions {
  /** Who asked: for what is done in their name. */
  readonly requester: InternalId;
  /** Notes a request id of the system for the ledger. */
  readonly receipt: (receipt: OperationReceipt) => void;
}

/** The most uses in one hour: over the whole deployment, of one person, and what a second person may raise both to for an hour. */
export interface Limit {
  readonly perHour: number;
  /** Absent: what the deployment may. */
  readonly perPersonPerHour?: number;
  /** Absent: it can't be raised. */
  readonly raisableTo?: number;
}

export interface ActionDefinition<P extends z.ZodObject = z.ZodObject, R extends ResultSchema = ResultSchema> {
  /** `verb_noun`, a legal function name for the model. */
  readonly name: string;
  /** Any change to description, parameters or behaviour raises it. */
  readonly version: string;
  /** For the model: what it does, and what it does not do. */
  readonly description: string;
  readonly effect: Effect;
  /** Where the policy knows it as something finer than its effect. */
  readonly policyClass?: PolicyClass;
  /** The parameter that the policy decides about; absent where the action has no target. */
  readonly target?: keyof z.infer<P> & string;
  readonly operation: Operation;
  /** What it reads on the way to that operation or beside it. */
  readonly reads?: readonly Operation[];
  /** Absent where every deployment has it. */
  readonly needs?: Requirement;
  /** A customer who wants it enables it by name. */
  readonly ships?: 'disabled';
  readonly report?: Report;
  readonly parameters: P;
  readonly result: R;
  /** Blast radius. Required for everything but reads. */
  readonly limit?: Limit;
  /** How long a second person may take, in minutes. Absent: four hours. */
  readonly secondPersonMinutes?: number;
  /** The action that takes it back, by name. */
  readonly reversibleBy?: string;
  /** Whether several matches make the person choose before anything else happens. */
  readonly ambiguity?: { readonly list: keyof z.infer<R> & string; readonly thing: string };
  /** Last and shortest. Called by `guard/execute` alone. */
  readonly run: (argumentsResolved: ResolvedArguments<z.infer<P>>, robot: Robot, context: RunContext) => Promise<z.infer<R>>;
}

/** An action with its types erased, as the catalogue holds it. */
export type Action = Omit<ActionDefinition, 'run' | 'target' | 'ambiguity'> & {
  readonly target?: string;
  readonly ambiguity?: { readonly list: string; readonly thing: string };
  readonly run: (argumentsResolved: Readonly<Record<string, unknown>>, robot: Robot, context: RunContext) => Promise<Readonly<Record<string, unknown>>>;
};

/** What its target is, where it has one. */
export function targetKindOf({ parameters, target }: Pick<Action, 'parameters' | 'target'>): HandleKind | undefined {
  const shape: Readonly<Record<string, z.core.$ZodType>> = parameters.shape;
  const schema = target === undefined ? undefined : shape[target];
  return schema && (z.globalRegistry.get(schema)?.['handle'] as HandleKind | undefined);
}

/** Whether the policy decides about a person: the target itself, or whoever uses the device that is the target. */
export function isAboutPerson(action: Pick<Action, 'parameters' | 'target'>): boolean {
  const kind = targetKindOf(action);
  return kind === 'person' || kind === 'device';
}

/** What the policy knows an action as. */
export function policyClassOf(action: Pick<Action, 'effect' | 'policyClass'>): PolicyClass {
  return action.policyClass ?? action.effect;
}

/**
 * Declares one action. Fails with `CATALOGUE_INVALID` on anything that a reviewer would have to catch otherwise: a
 * name the model can't call, a result string that is not marked for the person, an effect without a limit.
 */
export function defineAction<P extends z.ZodObject, R extends ResultSchema>(definition: ActionDefinition<P, R>): Action {
  const { name } = definition;
  const invalid = (problem: string): never => {
    throw new StewardError('CATALOGUE_INVALID', `action \`${name}\`: ${problem}`);
  };
  if (!/^[a-z]+(_[a-z]+)+$/.test(name) || name.length > 64) invalid('name must be verb_noun in lower case');
  if (!/^\d+\.\d+\.\d+$/.test(definition.version)) invalid('version must be MAJOR.MINOR.PATCH');
  if (definition.description.length > 1024) invalid('description is longer than the 1,024 characters that models accept');
  if (definition.effect !== 'read' && definition.limit === undefined) invalid('everything but a read needs a limit');
  if (definition.effect === 'destructive' && definition.target === undefined) invalid('what is destructive needs a target');
  if (definition.policyClass !== undefined && !FINER[definition.effect].includes(definition.policyClass)) invalid('its policy class is not one of its effect');
  if (definition.limit !== undefined) checkLimit(definition.limit, invalid);
  if (definition.secondPersonMinutes !== undefined && !(definition.secondPersonMinutes >= 1)) invalid('nobody can approve in less than a minute');
  const parameters: Readonly<Record<string, z.core.$ZodType>> = definition.parameters.shape;
  if (definition.parameters.def.catchall?._zod.def.type !== 'never') invalid('parameters must be a strict object: an extra argument is an error');
  for (const [parameter, schema] of Object.entries(parameters)) if (holdsHandle(schema, false)) invalid(`parameter \`${parameter}\` holds a handle that would not be resolved: handles stand at the top, and are required`);
  if (definition.effect === 'critical' && definition.ships !== 'disabled') invalid('what can’t be taken back ships disabled');
  if (definition.report !== undefined && !Object.hasOwn(definition.result.shape, definition.report.rows)) invalid('its report shows rows that are not in its result');
  if (definition.target !== undefined && !(Object.hasOwn(parameters, definition.target) && isHandle(parameters[definition.target]))) invalid('target must be one of its handle parameters');
  checkResult(definition.result, name, invalid);
  // The generic parameters only tie `run` to its own schemas; parsing guarantees the same at run time.
  return definition as unknown as Action;
}

function checkLimit({ perHour, perPersonPerHour = perHour, raisableTo = perHour }: Limit, invalid: (problem: string) => never): void {
  if (!(perPersonPerHour >= 1)) invalid('a limit below one use an hour disables the action: leave it out of the catalogue instead');
  if (!(perHour >= perPersonPerHour)) invalid('one person may not do more in an hour than the whole deployment');
  if (!(raisableTo >= perHour)) invalid('a limit is raised, not lowered');
}

function isHandle(schema: z.core.$ZodType | undefined): boolean {
  return schema !== undefined && z.globalRegistry.get(schema)?.['handle'] !== undefined;
}

/** Whether a handle stands somewhere inside a schema, below its top. */
function holdsHandle(schema: z.core.$ZodType, below: boolean): boolean {
  if (isHandle(schema)) return below;
  const { element, innerType, options, shape } = schema._zod.def as { element?: z.core.$ZodType; innerType?: z.core.$ZodType; options?: readonly z.core.$ZodType[]; shape?: Record<string, z.core.$ZodType> };
  return [element, innerType, ...(options ?? []), ...Object.values(shape ?? {})].some((inner) => inner !== undefined && holdsHandle(inner, true));
}

/** Containers, and closed sets: nothing that an outsider wrote fits in them. */
const MODEL_TYPES: ReadonlySet<string> = new Set(['object', 'array', 'optional', 'boolean', 'number', 'int', 'enum', 'literal', 'date']);

function checkResult(schema: z.core.$ZodType, path: string, invalid: (problem: string) => never): void {
  const kind = audienceOf(schema);
  if (kind !== 'model') return;
  const definition = (schema as z.ZodType).def as z.core.$ZodTypeDef & { shape?: Record<string, z.core.$ZodType>; element?: z.core.$ZodType; innerType?: z.core.$ZodType };
  for (const [key, field] of Object.entries(definition.shape ?? {})) checkResult(field, `${path}.${key}`, invalid);
  for (const inner of [definition.element, definition.innerType]) if (inner !== undefined) checkResult(inner, path, invalid);
  if (!MODEL_TYPES.has(definition.type)) invalid(`result field \`${path}\` is free text: mark it personOnly, or close its set`);
}

/** Whom a result field is for: a thing (handle for the model, label for the person), the person alone, or both. */
export function audienceOf(schema: z.core.$ZodType): 'thing' | 'person' | 'model' {
  const audience = z.globalRegistry.get(schema)?.['audience'];
  return audience === 'thing' || audience === 'person' ? audience : 'model';
}

/**
 * What the model may see of a result: handles and closed-set facts. Everything else is left out, by type.
 * `mint` gives the handle of a thing.
 */
export function forModel(schema: z.core.$ZodType, value: unknown, mint: (thing: Thing) => string): unknown {
  switch (audienceOf(schema)) {
    case 'person':
      return undefined;
    case 'thing':
      return mint(value as Thing);
    case 'model':
      break;
  }
  const definition = (schema as z.ZodType).def as z.core.$ZodTypeDef & { shape?: Record<string, z.core.$ZodType>; element?: z.core.$ZodType; innerType?: z.core.$ZodType };
  if (value === undefined) return undefined;
  if (definition.type === 'optional' && definition.innerType !== undefined) return forModel(definition.innerType, value, mint);
  if (definition.type === 'array' && definition.element !== undefined && Array.isArray(value)) {
    const element = definition.element;
    return value.map((item: unknown) => forModel(element, item, mint));
  }
  if (definition.type === 'object' && typeof value === 'object' && value !== null) {
    const fields = Object.entries(definition.shape ?? {}).map(([key, field]) => [key, forModel(field, (value as Record<string, unknown>)[key], mint)] as const);
    return Object.fromEntries(fields.filter(([, seen]) => seen !== undefined));
  }
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return value;
}
