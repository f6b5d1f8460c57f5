/** Turns the messages of a request into turns, and remembers what the turns before the last one were about. */
import { handlesIn, kindOf, parseResult } from './handles.ts';
import type { FoundHandle } from './handles.ts';
import { fold } from './tokenise.ts';
import { isRecord } from './tools.ts';
import type { Tool } from './tools.ts';

export interface ToolCall {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Undefined until the tool message came. */
  readonly result?: unknown;
}

export interface Turn {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly toolCallId?: string;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

export interface Conversation {
  readonly turns: readonly Turn[];
  /** The handle of the person who asks, when a system message says so. */
  readonly asker?: string;
}

/** Older turns change nothing that a follow-up can point at. */
const MAX_TURNS = 30;

export function readConversation(messages: readonly ChatMessage[]): Conversation {
  const turns: { text: string; calls: { id: string; tool: string; arguments: Record<string, unknown>; result?: unknown }[] }[] = [];
  let asker: string | undefined;
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') {
      asker = findAsker(message.content) ?? asker;
    } else if (message.role === 'user') {
      turns.push({ text: message.content, calls: [] });
    } else if (message.role === 'assistant') {
      for (const call of message.toolCalls ?? []) turns.at(-1)?.calls.push({ id: call.id, tool: call.name, arguments: parseArguments(call.arguments) });
    } else if (message.role === 'tool') {
      const call = turns.at(-1)?.calls.find((candidate) => candidate.id === message.toolCallId);
      if (call !== undefined) call.result = parseResult(message.content);
    }
  }
  return { turns: turns.slice(-MAX_TURNS), ...(asker === undefined ? {} : { asker }) };
}

const HANDLE_TEXT = String.raw`[\x60"'(]?\{?(?<handle>[a-z]+_[a-z2-7]{6,})\b`;
const ASKER: readonly RegExp[] = [
  new RegExp(String.raw`\b(?:asking|asks|asker|requester|requesting|caller|user|speaker|talking|speaking|helping|behalf)\b[^.;{}\n]{0,40}?(?:\bis|:|=|\bto|\bwith|\bof|\bhandle|\bhelping)\s+${HANDLE_TEXT}`, 'iu'),
  new RegExp(String.raw`${HANDLE_TEXT}\}?[\x60"')]?,?\s+(?:is (?:the (?:person|one|user|colleague)?\s*(?:who is |who )?(?:asking|asker|requester|caller|speaking|user)\b|asking|speaking)|asks\b)`, 'iu'),
];

/** "The person asking is {person_abc234}", in either order; an example handle elsewhere in a prompt does not count. */
function findAsker(system: string): string | undefined {
  for (const pattern of ASKER) {
    const handle = pattern.exec(system)?.groups?.['handle'];
    if (handle !== undefined) return handle.toLowerCase();
  }
  return undefined;
}

function parseArguments(text: string): Record<string, unknown> {
  const parsed = parseResult(text);
  return isRecord(parsed) ? { ...parsed } : {};
}

/** What earlier turns left behind for a follow-up to point at. */
export class Memory {
  readonly asker: string | undefined;
  /** Folded name → the handles that a find returned, or the one that was picked. */
  readonly names = new Map<string, readonly string[]>();
  /** Kind → the handle spoken about last. */
  readonly last = new Map<string, string>();
  /** The choices of the last find that returned several. */
  choices: readonly string[] = [];
  choiceFacts: ReadonlyMap<string, readonly string[]> = new Map();
  chosen: string | undefined;
  /** Calls of the last turn that did more than look somebody up. */
  lastCalls: readonly ToolCall[] = [];
  /** Every call with its result, for what one result says of two things. */
  readonly seen: ToolCall[] = [];
  /** Subject → field → handle: the manager of somebody who was shown. */
  readonly relations = new Map<string, Map<string, string>>();

  constructor(asker?: string) {
    this.asker = asker;
  }

  /** Takes in one finished turn. */
  learn(turn: Turn, tools: readonly Tool[]): void {
    const wanted: ToolCall[] = [];
    this.seen.push(...turn.calls);
    for (const call of turn.calls) {
      const tool = tools.find((candidate) => candidate.name === call.tool);
      if (tool?.finder === true) this.#learnFind(call);
      else if (Object.keys(call.arguments).length > 0) wanted.push(call);
      for (const value of Object.values(call.arguments)) this.#use(value);
      if (tool?.finder !== true) this.#learnRelations(call);
    }
    if (wanted.length > 0) this.lastCalls = wanted;
    else if (turn.calls.length > 0 && this.choices.length === 0) this.lastCalls = turn.calls;
  }

  #learnFind(call: ToolCall): void {
    const name = Object.values(call.arguments).find((value): value is string => typeof value === 'string');
    if (name === undefined || call.result === undefined) return;
    const found = handlesIn(call.result);
    const kind = found[0]?.kind;
    const handles = found.filter((item) => item.kind === kind && item.field === found[0]?.field).map((item) => item.handle);
    this.names.set(fold(name), handles);
    if (handles.length > 1) {
      this.#offer(found.filter((item) => handles.includes(item.handle)));
    } else if (kind !== undefined && handles[0] !== undefined) {
      this.last.set(kind, handles[0]);
      // The user of a device that was found.
      for (const other of found) if (other.kind !== kind && found.filter((item) => item.kind === other.kind).length === 1) this.last.set(other.kind, other.handle);
    }
  }

  #offer(found: readonly FoundHandle[]): void {
    this.choices = found.map(({ handle }) => handle);
    this.choiceFacts = new Map(found.map((item) => [item.handle, item.facts]));
    this.chosen = undefined;
  }

  #use(value: unknown): void {
    if (typeof value !== 'string') return;
    const kind = kindOf(value);
    if (kind === undefined) return;
    this.last.set(kind, value);
    if (this.choices.includes(value)) {
      this.chosen = value;
      for (const [name, handles] of this.names) if (handles.length > 1 && handles.includes(value)) this.names.set(name, [value]);
    }
  }

  #learnRelations(call: ToolCall): void {
    const subject = Object.values(call.arguments).find((value): value is string => typeof value === 'string' && kindOf(value) !== undefined);
    if (call.result === undefined) return;
    const others = handlesIn(call.result).filter((found) => found.handle !== subject);
    for (const found of others) {
      if (subject !== undefined) this.relations.set(subject, (this.relations.get(subject) ?? new Map<string, string>()).set(found.field, found.handle));
      if (subject !== undefined && found.kind === kindOf(subject)) continue;
      const [first, ...more] = others.filter(({ kind }) => kind === found.kind);
      const alike = more.filter(({ field }) => field === first?.field);
      // "lock the laptop" after a list of one device; "the second one" after a list of two. Of a ticket's people the caller stands first.
      if (alike.length === 0 && first !== undefined) this.last.set(found.kind, first.handle);
      else if (first === found) this.#offer([first, ...alike]);
    }
  }

  /** Handles of a name that was looked up before: the same words, or a part of them. */
  handlesOf(name: string): readonly string[] | undefined {
    const folded = fold(name);
    const exact = this.names.get(folded);
    if (exact !== undefined) return exact;
    const words = folded.split(/\s+/u);
    for (const [known, handles] of [...this.names].reverse()) {
      const knownWords = known.split(/\s+/u);
      if (handles.length > 0 && words.every((word) => knownWords.includes(word))) return handles;
    }
    return undefined;
  }
}
