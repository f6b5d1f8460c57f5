/**
 * Chooses the next step of a conversation: tool calls or a short text. It is no language model and keeps no state; every
 * decision is made anew from the tool list and the messages of the request.
 */
import { orArticles } from './articles.ts';
import { Memory, readConversation } from './conversation.ts';
import type { ChatMessage, Turn } from './conversation.ts';
import { handlesIn, isFailure, kindOf } from './handles.ts';
import { planMessage, targetKey } from './plan.ts';
import type { Plan, Similarity } from './plan.ts';
import { cut } from './reasons.ts';
import { failed, finished, found, talk } from './reply.ts';
import { LISTED } from './requests.ts';
import { handlesOf, resolve } from './resolve.ts';
import { fold } from './tokenise.ts';
import { readTools } from './tools.ts';
import type { Parameter, Tool, ToolDefinition } from './tools.ts';
import type { Target, Want } from './want.ts';

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
  const known = readTools(request.tools);
  // Planned as if there were no articles, so that they take nothing away from what the other tools do.
  const tools = known.filter(({ question }) => question === undefined);
  const conversation = readConversation(request.messages);
  const current = conversation.turns.at(-1);
  if (current === undefined) return { text: talk('greeting') };
  const memory = new Memory(conversation.asker);
  let pending: readonly Want[] | undefined;
  for (const turn of conversation.turns.slice(0, -1)) {
    const plan = await planMessage(turn.text, { tools, memory, similarity, ...(pending === undefined ? {} : { pending }) });
    // What was read in articles is nothing that a follow-up can repeat for somebody else.
    memory.learn({ ...turn, calls: turn.calls.filter(({ tool }) => !known.some(({ name, question }) => name === tool && question !== undefined)) }, tools);
    pending = stillPending(plan, turn, pending);
  }
  const plan = orArticles(await planMessage(current.text, { tools, memory, similarity, ...(pending === undefined ? {} : { pending }) }), current.text, known);
  const next = advance(plan, current, tools, memory);
  return request.choice === undefined || 'calls' in next ? next : forced(request.choice, plan, current, known, next);
}

/** A request that ended in a question stays open until something else is wanted. */
function stillPending(plan: Plan, turn: Turn, pending: readonly Want[] | undefined): readonly Want[] | undefined {
  if (plan.kind === 'talk') return plan.talk === 'cancelled' ? undefined : pending;
  const made = plan.wants.some((want) => !want.tool.finder && turn.calls.some((call) => call.tool === want.tool.name));
  const settled = plan.wants.every((want) => want.tool.finder) && turn.calls.some((call) => handlesIn(call.result).length === 1);
  return made || settled ? undefined : plan.wants;
}

/** What the calls of this turn have not yet done of the plan. */
function advance(plan: Plan, turn: Turn, tools: readonly Tool[], memory: Memory): Picked {
  if (plan.kind === 'talk') return { text: talk(plan.talk) };
  const context = { turn, memory, tools, wants: plan.wants };
  const resolved = new Map(plan.wants.flatMap(targetsOf).map((target) => [targetKey(target), resolve(target, context)] as const));
  const outcomes = [...resolved.values()];
  const stopped = outcomes.find((outcome) => 'text' in outcome);
  if (stopped !== undefined) return stopped;
  const needed = outcomes.flatMap((outcome) => ('call' in outcome ? [callOf(outcome.call.tool, { handles: [outcome.call.handle], name: outcome.call.name, values: outcome.call.values, reason: '', text: outcome.call.name ?? '' })] : []));
  if (needed.length > 0) return { calls: [...new Map(needed.map((call) => [JSON.stringify(call), call])).values()] };

  const handleOf = (target: Target): string | undefined => {
    const outcome = resolved.get(targetKey(target));
    return outcome !== undefined && 'handle' in outcome ? outcome.handle : undefined;
  };
  const wanted = plan.wants.filter((want) => LISTED.has(want.tool.name) || !want.tool.finder).map((want) => callOf(want.tool, { ...want, handles: targetsOf(want).map(handleOf) }));
  const left = wanted.filter((call) => !turn.calls.some((made) => made.tool === call.name && isSameTarget(made.arguments, call.arguments)));
  if (left.length > 0) return { calls: left };
  if (turn.calls.some((call) => isFailure(call.result))) return { text: failed() };
  const handles = outcomes.flatMap((outcome) => ('handle' in outcome ? [outcome.handle] : []));
  return { text: wanted.length === 0 ? found(handles) : finished(wanted.flatMap((call) => handlesOf(call.arguments)), plan.partly) };
}

function targetsOf(want: Want): readonly Target[] {
  return [...(want.target === undefined ? [] : [want.target]), ...(want.others ?? [])];
}

function isSameTarget(made: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(handlesOf(made)) === JSON.stringify(handlesOf(wanted));
}

interface Filling {
  readonly handles: readonly (string | undefined)[];
  readonly name?: string | undefined;
  /** By parameter; they win over what the schema alone suggests. */
  readonly values?: Readonly<Record<string, string | number>> | undefined;
  readonly reason: string;
  readonly text: string;
}

/** Fills the parameters by what their schemas want; what cannot be filled is left out. */
function callOf(tool: Tool, filling: Filling): PickedCall {
  const entries = tool.parameters.flatMap((parameter) => {
    const value = filling.values?.[parameter.name] ?? (tool.question?.parameter === parameter.name ? cut(filling.text, tool.question.maxLength) : fill(parameter, filling));
    return value === undefined ? [] : [[parameter.name, value] as const];
  });
  return { name: tool.name, arguments: Object.fromEntries(entries) };
}

function fill(parameter: Parameter, filling: Filling): unknown {
  const { role } = parameter;
  switch (role.type) {
    case 'handle':
      return filling.handles.find((handle) => handle !== undefined && kindOf(handle) === role.kind);
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
  return { calls: [callOf(tool, { text: turn.text, reason: want?.reason ?? turn.text, handles: want === undefined ? [] : targetsOf(want).map((target) => ('handle' in target && target.relation === undefined ? target.handle : undefined)) })] };
}
