/**
 * Chooses the next step of a conversation: tool calls or a short text. It is no language model and keeps no state; every
 * decision is made anew from the tool list and the messages of the request.
 */
import { Memory, readConversation } from './conversation.ts';
import type { ChatMessage, ToolCall, Turn } from './conversation.ts';
import { handlesIn, isFailure, kindOf } from './handles.ts';
import { planMessage, reader, relatedIn, targetKey } from './plan.ts';
import type { Plan, Similarity, Target, Want } from './plan.ts';
import { cut } from './reasons.ts';
import { failed, finished, found, nothingFound, talk, whichOf } from './reply.ts';
import { fold } from './tokenise.ts';
import { readTools } from './tools.ts';
import type { Parameter, Tool, ToolDefinition } from './tools.ts';

export interface PickedCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Either calls or text; never both. */
export type Picked = { readonly calls: readonly PickedCall[] } | { readonly text: string };

export interface PickRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  /** Name of a tool that must be called, or 'required' for any. */
  readonly choice?: { readonly tool: string } | 'required';
}

export async function pickNext(request: PickRequest, similarity: Similarity): Promise<Picked> {
  const tools = readTools(request.tools);
  const conversation = readConversation(request.messages);
  const current = conversation.turns.at(-1);
  if (current === undefined) return { text: talk('greeting') };
  const memory = new Memory(conversation.asker);
  let pending: readonly Want[] | undefined;
  for (const turn of conversation.turns.slice(0, -1)) {
    const plan = await planMessage(turn.text, { tools, memory, similarity, ...(pending === undefined ? {} : { pending }) });
    memory.learn(turn, tools);
    pending = stillPending(plan, turn, pending);
  }
  const plan = await planMessage(current.text, { tools, memory, similarity, ...(pending === undefined ? {} : { pending }) });
  const next = advance(plan, current, tools);
  return request.choice === undefined || 'calls' in next ? next : forced(request.choice, plan, current, tools, next);
}

/** A request that ended in a question stays open until something else is wanted. */
function stillPending(plan: Plan, turn: Turn, pending: readonly Want[] | undefined): readonly Want[] | undefined {
  if (plan.kind === 'talk') return plan.talk === 'cancelled' ? undefined : pending;
  const made = plan.wants.some((want) => !want.tool.finder && turn.calls.some((call) => call.tool === want.tool.name));
  const settled = plan.wants.every((want) => want.tool.finder) && turn.calls.some((call) => handlesIn(call.result).length === 1);
  return made || settled ? undefined : plan.wants;
}

/** What the calls of this turn have not yet done of the plan. */
function advance(plan: Plan, turn: Turn, tools: readonly Tool[]): Picked {
  if (plan.kind === 'talk') return { text: talk(plan.talk) };
  const finder = tools.find((tool) => tool.finder);
  const names = [...new Map(plan.wants.flatMap((want) => (want.target !== undefined && 'name' in want.target ? [[fold(want.target.name), want.target.name] as const] : []))).values()];
  const finds = new Map(names.map((name) => [fold(name), turn.calls.find((call) => call.tool === finder?.name && Object.values(call.arguments).some((value) => typeof value === 'string' && fold(value) === fold(name)))] as const));
  const open = names.filter((name) => finds.get(fold(name)) === undefined);
  if (open.length > 0) return finder === undefined ? { text: talk('unsupported') } : { calls: open.map((name) => callOf(finder, { name, text: name, reason: '' })) };

  const handles = new Map<string, string>();
  for (const [name, call] of finds) {
    if (call?.result === undefined) return { text: talk('which') };
    if (isFailure(call.result)) return { text: failed() };
    const matches = matchesOf(call, plan.wants);
    if (matches.length === 0) return { text: nothingFound() };
    if (matches.length > 1) return { text: whichOf(matches) };
    handles.set(name, matches[0] ?? '');
  }
  const related = relate(plan.wants, handles, turn, tools);
  if ('next' in related) return related.next;
  const wanted = plan.wants.filter((want) => !want.tool.finder).map((want) => callOf(want.tool, { ...handleOf(want, handles, related), text: want.text, reason: want.reason }));
  const left = wanted.filter((call) => !turn.calls.some((made) => made.tool === call.name && targetsOf(made.arguments) === targetsOf(call.arguments)));
  if (left.length > 0) return { calls: left };
  if (turn.calls.some((call) => isFailure(call.result))) return { text: failed() };
  const about = wanted.flatMap((call) => Object.values(call.arguments).filter((value): value is string => typeof value === 'string' && kindOf(value) !== undefined));
  return { text: wanted.length === 0 ? found([...handles.values()]) : finished(about, plan.partly) };
}

/** Handles that a find returned, of the kind that is wanted. */
function matchesOf(call: ToolCall, wants: readonly Want[]): readonly string[] {
  const kind = wants.find((want) => want.tool.targetKind !== undefined)?.tool.targetKind;
  const all = handlesIn(call.result);
  const ofKind = all.filter((item) => kind === undefined || item.kind === kind);
  return ofKind.filter((item) => item.field === ofKind[0]?.field).map((item) => item.handle);
}

/** "her manager": the account that names the manager is read first; a map from target to handle when all are known. */
function relate(wants: readonly Want[], handles: ReadonlyMap<string, string>, turn: Turn, tools: readonly Tool[]): ReadonlyMap<string, string> | { readonly next: Picked } {
  const related = new Map<string, string>();
  const reads: PickedCall[] = [];
  for (const { target } of wants) {
    const subject = directHandle(target, handles);
    if (target?.relation === undefined || subject === undefined) continue;
    const made = turn.calls.find((call) => Object.values(call.arguments).includes(subject) && call.result !== undefined);
    const read = reader(tools);
    if (made === undefined) {
      if (read === undefined) return { next: { text: talk('unsupported') } };
      reads.push(callOf(read, { handle: subject, reason: '', text: '' }));
      continue;
    }
    const handle = relatedIn(new Map(handlesIn(made.result).map((item) => [item.field, item.handle])), target.relation);
    if (handle === undefined) return { next: { text: nothingFound() } };
    related.set(targetKey(target), handle);
  }
  return reads.length > 0 ? { next: { calls: [...new Map(reads.map((call) => [JSON.stringify(call), call])).values()] } } : related;
}

function directHandle(target: Target | undefined, handles: ReadonlyMap<string, string>): string | undefined {
  if (target === undefined) return undefined;
  return 'handle' in target ? target.handle : handles.get(fold(target.name));
}

function handleOf(want: Want, handles: ReadonlyMap<string, string>, related: ReadonlyMap<string, string>): { handle?: string } {
  const handle = want.target?.relation === undefined ? directHandle(want.target, handles) : related.get(targetKey(want.target));
  return handle === undefined ? {} : { handle };
}

function targetsOf(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.values(values).filter((value) => typeof value === 'string' && kindOf(value) !== undefined));
}

interface Filling {
  readonly handle?: string;
  readonly name?: string;
  readonly reason: string;
  readonly text: string;
}

/** Fills the parameters by what their schemas want; what cannot be filled is left out. */
function callOf(tool: Tool, filling: Filling): PickedCall {
  const entries = tool.parameters.flatMap((parameter) => {
    const value = fill(parameter, filling);
    return value === undefined ? [] : [[parameter.name, value] as const];
  });
  return { name: tool.name, arguments: Object.fromEntries(entries) };
}

function fill(parameter: Parameter, filling: Filling): unknown {
  const { role } = parameter;
  switch (role.type) {
    case 'handle':
      return filling.handle !== undefined && kindOf(filling.handle) === role.kind ? filling.handle : undefined;
    case 'reason':
      return filling.reason === '' ? undefined : cut(filling.reason, role.maxLength);
    case 'text':
      return parameter.required ? cut(filling.name ?? filling.text, role.maxLength) : undefined;
    case 'choice':
      return role.values.find((value) => fold(filling.text).includes(fold(value).replace(/_/gu, ' ')));
    case 'number': {
      const digits = /\b\d{1,9}\b/u.exec(filling.text)?.[0];
      return digits === undefined ? undefined : Number(digits);
    }
    case 'other':
      return undefined;
  }
}

/** `tool_choice` asks for a call where none was wanted: the named tool with what is known, and nothing made up. */
function forced(choice: { readonly tool: string } | 'required', plan: Plan, turn: Turn, tools: readonly Tool[], otherwise: Picked): Picked {
  if (turn.calls.length > 0) return otherwise;
  const tool = choice === 'required' ? tools[0] : tools.find((candidate) => candidate.name === choice.tool);
  if (tool === undefined) return otherwise;
  const want = plan.kind === 'wants' ? plan.wants[0] : undefined;
  return { calls: [callOf(tool, { text: turn.text, reason: want?.reason ?? turn.text, ...(want === undefined ? {} : handleOf(want, new Map(), new Map())) })] };
}
