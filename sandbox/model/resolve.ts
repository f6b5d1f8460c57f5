/** From what is meant to a handle: by what the results so far say, or by the call that would say it. */
import type { Memory, ToolCall, Turn } from './conversation.ts';
import { handlesIn, isFailure, kindOf } from './handles.ts';
import type { FoundHandle } from './handles.ts';
import { reader, relatedIn } from './plan.ts';
import { failed, nothingFound, talk, whichOf } from './reply.ts';
import { LISTED } from './requests.ts';
import { fold } from './tokenise.ts';
import type { Tool } from './tools.ts';
import type { Lookup, Target, Want } from './want.ts';

export interface NeededCall {
  readonly tool: Tool;
  readonly handle?: string;
  readonly name?: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

export type Resolved = { readonly handle: string } | { readonly call: NeededCall } | { readonly text: string };

export interface ResolveContext {
  readonly turn: Turn;
  readonly memory: Memory;
  readonly tools: readonly Tool[];
  readonly wants: readonly Want[];
}

export function resolve(target: Target, context: ResolveContext): Resolved {
  if ('via' in target) return resolveLookup(target, context);
  const subject = 'handle' in target ? { handle: target.handle } : resolveName(target.name, context);
  return target.relation === undefined || !('handle' in subject) ? subject : resolveRelation(subject.handle, target.relation, context);
}

function resolveName(name: string, { turn, tools, wants }: ResolveContext): Resolved {
  const finder = tools.find((tool) => tool.finder && !LISTED.has(tool.name));
  if (finder === undefined) return { text: talk('unsupported') };
  const call = turn.calls.find((made) => made.tool === finder.name && Object.values(made.arguments).some((value) => typeof value === 'string' && fold(value) === fold(name)));
  if (call === undefined) return { call: { tool: finder, name } };
  if (call.result === undefined) return { text: talk('which') };
  if (isFailure(call.result)) return { text: failed() };
  const kind = wants.map(({ tool }) => (LISTED.has(tool.name) ? 'person' : tool.targetKind)).find((wanted) => wanted !== undefined);
  return only(handlesIn(call.result).filter((item) => kind === undefined || item.kind === kind));
}

/** "her manager": the account that names the manager is read first. */
function resolveRelation(subject: string, relation: readonly string[], { turn, tools }: ResolveContext): Resolved {
  const made = turn.calls.find((call) => Object.values(call.arguments).includes(subject) && call.result !== undefined);
  if (made === undefined) {
    const read = reader(tools);
    return read === undefined ? { text: talk('unsupported') } : { call: { tool: read, handle: subject } };
  }
  const handle = relatedIn(new Map(handlesIn(made.result).map((item) => [item.field, item.handle])), relation);
  return handle === undefined ? { text: nothingFound() } : { handle };
}

/** A result that names both will do (the ticket that has this caller and this device); else the tool that says it is called. */
function resolveLookup(lookup: Lookup, context: ResolveContext): Resolved {
  const { turn, memory, tools } = context;
  const of = lookup.of === undefined ? undefined : resolve(lookup.of, context);
  if (of !== undefined && !('handle' in of)) return of;
  const tool = tools.find(({ name }) => name === lookup.via);
  if (tool === undefined) return { text: talk('unsupported') };
  const exact = (call: ToolCall): boolean =>
    call.tool === lookup.via && (of === undefined || Object.values(call.arguments).includes(of.handle)) && Object.entries(lookup.values ?? {}).every(([name, value]) => call.arguments[name] === value);
  for (const call of [...turn.calls, ...[...memory.seen].reverse()]) {
    if (call.result === undefined || isFailure(call.result)) {
      if (exact(call) && turn.calls.includes(call)) return { text: failed() };
      continue;
    }
    const found = handlesIn(call.result);
    const matching = matchesOf(found, lookup);
    if (exact(call)) return only(matching);
    const names = of !== undefined && (found.some(({ handle }) => handle === of.handle) || Object.values(call.arguments).includes(of.handle));
    if (names && lookup.field === undefined && matching.length === 1) return only(matching);
  }
  return { call: { tool, ...(of !== undefined && { handle: of.handle }), ...(lookup.values !== undefined && { values: lookup.values }) } };
}

function matchesOf(found: readonly FoundHandle[], { kind, field, oneOf, words }: Lookup): readonly FoundHandle[] {
  const ofKind = found.filter((item) => item.kind === kind && (field === undefined || item.field === field));
  if (oneOf !== undefined) {
    const told = ofKind.filter(({ facts }) => facts.some((fact) => PLATFORM.has(fact)));
    return told.length === 0 ? ofKind : told.filter(({ facts }) => facts.some((fact) => oneOf.includes(fact)));
  }
  if (words === undefined) return ofKind;
  // "E3" is in several products: the one with the fewest other words is meant, if it is one.
  const rest = ({ facts }: FoundHandle): number => Math.min(...facts.map((fact) => fact.split(/\s+/u)).filter((parts) => words.every((word) => parts.includes(word))).map(({ length }) => length));
  const fewest = Math.min(...ofKind.map(rest));
  return fewest === Infinity ? [] : ofKind.filter((item) => rest(item) === fewest);
}

const PLATFORM: ReadonlySet<string> = new Set(['windows', 'macos', 'ios', 'android', 'linux', 'other']);

function only(found: readonly FoundHandle[]): Resolved {
  const matches = found.filter((item) => item.field === found[0]?.field).map((item) => item.handle);
  if (matches.length > 1) return { text: whichOf(matches) };
  return matches[0] === undefined ? { text: nothingFound() } : { handle: matches[0] };
}

/** Handles of a call's arguments: what it is about. */
export function handlesOf(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.values(values).filter((value): value is string => typeof value === 'string' && kindOf(value) !== undefined);
}
