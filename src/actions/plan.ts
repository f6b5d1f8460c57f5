import { createHash } from 'node:crypto';
import { z } from 'zod/v4';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import type { Action } from './action.ts';
import type { Catalogue } from './catalogue.ts';
import { HANDLE_IN_TEXT, type HandleBook, type HandleKind, type Reference } from './handles.ts';
import { laterPhrases } from './schedule.ts';

/** The most steps in one plan. More is not a plan but an attempt. */
export const MOST_STEPS = 8;
/** The most targets of one action in one plan: as many names as people read on one card. */
export const MOST_TARGETS = 25;
/** The longest argument text of one step, in characters. */
const MOST_ARGUMENT_CHARACTERS = 8_000;
const DAY_MS = 24 * 60 * 60_000;

/** Where the value of an argument came from; the card shows it. */
export type Provenance = 'your words' | 'composed by Steward';

/** One step whose action exists, whose arguments parsed and whose handles resolved. Only `parsePlan` makes one. */
export interface Step {
  /** The id that the model gave the call; history needs it. */
  readonly callId: string;
  readonly action: Action;
  /** As the model wrote them, parsed: handles are still handles. For history and the ledger. */
  readonly proposed: Readonly<Record<string, unknown>>;
  /** Handles replaced by what they stand for. For the handler. */
  readonly resolved: Readonly<Record<string, unknown>>;
  readonly target?: Reference;
  readonly provenance: Readonly<Record<string, Provenance>>;
}

/** What `parsePlan` made of the model's proposal. Data, never authority. */
export interface Plan {
  readonly steps: readonly Step[];
  /** SHA-256 over the proposal, for the ledger. */
  readonly digest: string;
}

/** A proposal that is not a plan: nothing of it runs. `problems` are for the ledger and for tests, not for people. */
export class PlanError extends StewardError {
  readonly problems: readonly string[];

  constructor(code: StewardErrorCode, problems: readonly string[]) {
    super(code, problems.join('; '));
    this.name = 'PlanError';
    this.problems = problems;
  }
}

const toolCalls = z.array(
  z.object({
    id: z.string().min(1).max(200),
    type: z.literal('function'),
    function: z.object({ name: z.string().max(200), arguments: z.string().max(MOST_ARGUMENT_CHARACTERS) }),
  }),
);

/** Keys that reach into JavaScript's prototypes; no schema of ours has them, and none may be smuggled past one. */
const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export interface PlanContext {
  readonly catalogue: Catalogue;
  readonly handles: HandleBook;
  /** The person's unquoted messages in this conversation, for provenance. */
  readonly words: readonly string[];
  readonly nowMs: number;
}

/**
 * Turns the raw `tool_calls` of a model reply into a plan, whole or not at all.
 * Fails with a `PlanError` that lists every problem at once.
 */
export function parsePlan(raw: unknown, context: PlanContext): Plan {
  const calls = toolCalls.safeParse(raw);
  if (!calls.success) throw new PlanError('PLAN_MALFORMED', calls.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`));
  if (calls.data.length === 0) throw new PlanError('PLAN_MALFORMED', ['no steps']);
  const oneAction = calls.data.every((call) => call.function.name === calls.data[0]?.function.name);
  const most = oneAction ? MOST_TARGETS : MOST_STEPS;
  if (calls.data.length > most) throw new PlanError(oneAction ? 'PLAN_TOO_MANY_TARGETS' : 'PLAN_TOO_LONG', [`${calls.data.length} steps, at most ${most}`]);
  if (new Set(calls.data.map((call) => call.id)).size !== calls.data.length) throw new PlanError('PLAN_MALFORMED', ['two steps share an id']);

  const problems: { readonly code: StewardErrorCode; readonly text: string }[] = [];
  const steps: Step[] = [];
  for (const [index, call] of calls.data.entries()) {
    const report = (code: StewardErrorCode, text: string): undefined => void problems.push({ code, text: `step ${index + 1}: ${text}` });
    const action = context.catalogue.find(call.function.name);
    if (action === undefined) {
      report('PLAN_UNKNOWN_ACTION', 'no such action');
      continue;
    }
    const proposed = parseArguments(action, call.function.arguments, report);
    if (proposed === undefined) continue;
    const step = resolveStep(call.id, action, proposed, context, report);
    if (step !== undefined) steps.push(step);
  }
  const [first] = problems;
  if (first !== undefined) throw new PlanError(first.code, problems.map((problem) => problem.text));
  const effects = steps.filter(({ action }) => action.effect !== 'read').map(stepDigest);
  if (new Set(effects).size !== effects.length) throw new PlanError('PLAN_MALFORMED', ['the same effect twice']);
  refuseLater(steps, context.words.at(-1) ?? '');
  return { steps, digest: createHash('sha256').update(JSON.stringify(calls.data)).digest('hex') };
}

/** What was asked for later, or under a condition, is not done now. A reason may speak of time: it was the person's to give. */
function refuseLater(steps: readonly Step[], lastWords: string): void {
  if (steps.every(({ action }) => action.effect === 'read')) return;
  const given = steps.flatMap(({ provenance, resolved }) => Object.keys(provenance).filter((name) => provenance[name] === 'your words').map((name) => fold(String(resolved[name]))));
  // What every one of them has a parameter for is an argument, and is shown on the card as one.
  const states = (['day', 'duration'] as const).filter((kind) => steps.every(({ action }) => action.effect === 'read' || Object.values(action.parameters.shape).some((schema) => z.globalRegistry.get(schema)?.['states'] === kind)));
  const phrases = laterPhrases(withoutReasons(lastWords, given), states);
  if (phrases.length > 0) throw new PlanError('PLAN_SCHEDULED', [`${phrases.length} phrases about another time or a condition`]);
}

/**
 * The person's words without what was taken from them as an argument. It stays where it is no reason but the request itself:
 * where it begins with the time or the condition, or where nothing is left that could have asked for something.
 */
function withoutReasons(words: string, given: readonly string[]): string {
  // Case is kept where it can be: a capital tells a name from a day.
  const plain = words.normalize('NFKC').replace(/\s+/gu, ' ').trim();
  return given.reduce((left, text) => {
    if (laterPhrases(text).some((phrase) => text.startsWith(fold(phrase)))) return left;
    const folded = left.toLowerCase();
    const at = folded.indexOf(text);
    // Lower case is longer than what it stands for in a few letters; then nothing is where it seems to be.
    if (at < 0 || folded.length !== left.length) return left;
    const rest = `${left.slice(0, at)}…${left.slice(at + text.length)}`;
    return /\p{L}/u.test(rest.replace(POLITE, '')) ? rest : left;
  }, plain);
}

/** Words that ask for nothing by themselves. */
const POLITE = /(?<!\p{L})(?:please|bitte|can|could|you|kindly|hi|hello|hallo|steward|s'il|vous|te|plaît|merci|thanks?)(?!\p{L})/giu;

type Report = (code: StewardErrorCode, text: string) => undefined;

function parseArguments(action: Action, json: string, report: Report): Readonly<Record<string, unknown>> | undefined {
  const smuggled: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(json, (key, inner: unknown) => {
      if (PROTOTYPE_KEYS.has(key)) smuggled.push(key);
      return inner;
    });
  } catch {
    return report('PLAN_BAD_ARGUMENTS', 'arguments are not JSON');
  }
  if (smuggled.length > 0) return report('PLAN_BAD_ARGUMENTS', 'arguments name a prototype key');
  const parsed = action.parameters.safeParse(value);
  if (!parsed.success) return report('PLAN_BAD_ARGUMENTS', parsed.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.code}`).join(', '));
  return parsed.data;
}

function resolveStep(callId: string, action: Action, proposed: Readonly<Record<string, unknown>>, context: PlanContext, report: Report): Step | undefined {
  const resolved: Record<string, unknown> = {};
  const provenance: Record<string, Provenance> = {};
  for (const [name, schema] of Object.entries(action.parameters.shape)) {
    const value = proposed[name];
    if (value === undefined) continue;
    const meta = z.globalRegistry.get(schema) ?? {};
    const kind = meta['handle'] as HandleKind | undefined;
    if (kind !== undefined) {
      const reference = context.handles.resolve(kind, value as string, context.nowMs);
      if (reference === undefined) return report('HANDLE_UNKNOWN', `${name}: not a live handle of this person here`);
      resolved[name] = reference;
      continue;
    }
    if (meta['acceptsTextHandle'] === true && typeof value === 'string' && /^\{?text_[a-z2-7]+\}?$/.test(value)) {
      const text = context.handles.resolveText(value.replace(/^\{|\}$/g, ''), context.nowMs);
      if (text === undefined) return report('HANDLE_UNKNOWN', `${name}: not a live text handle of this person here`);
      resolved[name] = text;
      provenance[name] = 'your words';
      continue;
    }
    const withinDays = meta['withinDays'];
    if (typeof withinDays === 'number' && typeof value === 'string' && Math.abs(Date.parse(value) - context.nowMs) > withinDays * DAY_MS) return report('PLAN_BAD_ARGUMENTS', `${name}: too far from today`);
    if (typeof value !== 'string') {
      resolved[name] = value;
      continue;
    }
    const readable = readHandles(value, context);
    if (readable === undefined) return report('HANDLE_UNKNOWN', `${name}: holds a handle that is not live here`);
    // What a handle stands for may be longer, or hold what the parameter refuses.
    if (!(schema as z.ZodType).safeParse(readable).success) return report('PLAN_BAD_ARGUMENTS', `${name}: does not hold once its handles are read`);
    resolved[name] = readable;
    provenance[name] = isFromWords(readable, context.words) ? 'your words' : 'composed by Steward';
  }
  const target = action.target === undefined ? undefined : (resolved[action.target] as Reference);
  return { callId, action, proposed, resolved, ...(target !== undefined && { target }), provenance };
}

/** A text for people: handles in it become what they stand for. Undefined when one of them stands for nothing here. */
function readHandles(text: string, { handles, nowMs }: PlanContext): string | undefined {
  const unknown: string[] = [];
  const readable = text.replace(HANDLE_IN_TEXT, (found, handle: string) => {
    const label = handles.labelOf(handle, nowMs);
    if (label === undefined) unknown.push(handle);
    return label ?? found;
  });
  return unknown.length === 0 ? readable : undefined;
}

/** Whether a value is a contiguous part of one of the person's own messages (NFKC, case-folded, white space as one blank). */
export function isFromWords(value: string, words: readonly string[]): boolean {
  const wanted = fold(value);
  return wanted !== '' && words.some((message) => fold(message).includes(wanted));
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Canonical text of what a step does to whom, over which its digest is made: what an approval is bound to. */
export function stepDigest(step: Pick<Step, 'action' | 'resolved'>): string {
  const bound = Object.entries(step.resolved)
    .map(([name, value]) => [name, isReference(value) ? ['thing', value.kind, value.id.digest()] : ['text', value]] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify([step.action.name, step.action.version, bound])).digest('hex');
}

/** Whether an argument is a resolved handle. */
export function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'handle' in value && 'id' in value;
}
