/** From one message and what came before it: which tools are wanted, for whom, and why; or what to say instead. */
import { blank, findEntities, findWriting } from './entities.ts';
import type { Entity, Writing } from './entities.ts';
import { fulfil } from './fulfil.ts';
import { kindOf } from './handles.ts';
import { correctTypos, segmentMessage } from './intents.ts';
import type { Segment, TargetReference } from './intents.ts';
import type { Memory } from './conversation.ts';
import { extractReason, fragment, trimReason } from './reasons.ts';
import { LISTED, requestOf, writersOf } from './requests.ts';
import type { Piece, Request } from './requests.ts';
import { fold, stem, tokenise } from './tokenise.ts';
import type { Token } from './tokenise.ts';
import { commandVerbs, narrow } from './tools.ts';
import type { Tool } from './tools.ts';
import { isOrdinaryWord } from './vocabulary.ts';
import type { Talk, Target, Want } from './want.ts';
import { ACCESS_OBJECTS, ANSWER, FIND, OBJECTS, POLITE, READ, SELF, VERBS } from './words.ts';

export type Plan =
  | { readonly kind: 'wants'; readonly wants: readonly Want[]; /** Something else was asked for that no tool does. */ readonly partly: boolean }
  | { readonly kind: 'talk'; readonly talk: Talk };

/** How alike two texts are, from -1 to 1; used where words alone do not decide. */
export type Similarity = (left: string, right: string) => Promise<number>;

export interface PlanContext {
  readonly tools: readonly Tool[];
  readonly memory: Memory;
  /** The ticket that is spoken about. */
  readonly ticket?: Target;
  /** What an earlier message wanted and could not have, because a name was ambiguous or unknown. */
  readonly pending?: readonly Want[];
  readonly similarity: Similarity;
}

interface Frame {
  action: string | undefined;
  implies: string | undefined;
  objects: Set<string>;
  targets: TargetReference[];
  question: boolean;
  /** Part of the message about this frame, for the fallback by similarity. */
  text: string;
  leftover: number;
  /** Explicitly a verb, not only a noun. */
  verb: boolean;
  negated: boolean;
  tokens: readonly Token[];
  said: string;
  entities: readonly Entity[];
}

/** A piece of the message with the things named in it. */
interface Part extends Segment {
  readonly said: string;
  readonly entities: readonly Entity[];
}

const MAX_MESSAGE = 4000;
/** Below this a message without a known verb is not taken for a request; found on the tuned half. */
const MIN_SIMILARITY = 0.4;

export async function planMessage(message: string, context: PlanContext): Promise<Plan> {
  const text = message.slice(0, MAX_MESSAGE);
  const smallTalk = readSmallTalk(text);
  if (smallTalk !== undefined) return { kind: 'talk', talk: smallTalk };
  const has = (name: string): boolean => context.tools.some((tool) => tool.name === name);
  const writing = findWriting(text, (kind) => writersOf(kind).some(has));
  if (writing === undefined && isGeneralQuestion(text)) return answerOr(context.tools, text);

  const plain = writing === undefined ? text : text.slice(0, writing.at).padEnd(text.length);
  const stated = extractReason(plain);
  let segments = partsOf(text, stated.rest, context);
  let reason = stated.reason;
  if (stated.reason !== undefined && !segments.some((segment) => hasRequest(segment) || segment.entities.length > 0 || listed(segment, context) !== undefined) && !isFollowUp(text)) {
    // "list devices - Anna Weber": what looked like a reason was the request itself.
    segments = partsOf(text, plain, context);
    reason = undefined;
  }
  segments = dropVocative(segments);
  const address = writing === undefined ? [] : segments.filter(({ end }) => end > writing.from);
  segments = segments.filter((segment) => !address.includes(segment));
  const told = segments.filter((segment) => segment.statement);
  reason ??= statedReason(text, segments);

  const repeated = writing === undefined ? repeat(text, segments, context, reason) : undefined;
  if (repeated !== undefined) return repeated;
  return build({ text, segments, told, reason, address, writing }, context);
}

/** The pieces of a message. Things that only the tools of `requests.ts` take are looked for only where there is one. */
function partsOf(text: string, rest: string, { tools, memory }: PlanContext): readonly Part[] {
  const entities = tools.some(({ name }) => LISTED.has(name)) ? findEntities(rest, memory.last.has('ticket')) : [];
  return segmentMessage(text, correctTypos(tokenise(blank(rest, entities))), commandVerbs(tools)).map((segment) => {
    const own = entities.filter(({ start }) => start >= segment.start && start < segment.end);
    const roles = own.filter(({ kind }) => kind === 'role').map(({ value }): TargetReference => ({ by: 'role', role: value }));
    // A pronoun beside them stands for one of them.
    const targets = roles.length === 0 ? segment.targets : [...roles, ...segment.targets.filter((target) => target.by !== 'third')];
    return { ...segment, targets, entities: own, said: saidIn(text, segment, own) };
  });
}

/** The words of a piece, lower case, with a place-holder for all that is named. */
function saidIn(text: string, segment: Segment, entities: readonly Entity[]): string {
  const named = [...entities].reverse().reduce((left, { kind, start, end }) => `${left.slice(0, start - segment.start)}<${kind === 'role' ? 'person' : kind}>${left.slice(end - segment.start)}`, text.slice(segment.start, segment.end));
  const names = segment.targets.flatMap((target) => (target.by === 'name' ? [target.name] : []));
  return fold(names.reduce((left, name) => left.replace(name, '<person>'), named)).replace(/\{?\b([a-z]+)_[a-z2-7]{6,}\}?/gu, (_, kind: string) => (kind === 'text' ? '<person>' : `<${kind}>`));
}

function pieceOf({ said, question, negated, targets }: Pick<Part, 'said' | 'question' | 'negated' | 'targets'>, { last }: Memory): Piece {
  return { said, question, negated, somebody: targets.some((target) => target.by !== 'position' && (target.by !== 'third' || target.personal)) || isOwn(said), spokenOf: last };
}

/** Says whose it is: the speaker's own. */
function isOwn(said: string): boolean {
  return /\b(?:my|mine|i|am i)\b|\b(?:to|for|of) me\b/u.test(said.replace(/\b(?:can|could|may) i (?:see|get|have) (?:all|the|a)\b/u, ''));
}

function listed(piece: Pick<Part, 'said' | 'question' | 'negated' | 'targets'>, { tools, memory }: PlanContext): Request | undefined {
  return requestOf(pieceOf(piece, memory), (name) => tools.some((tool) => tool.name === name && (LISTED.has(name) || tool.objects.has('licence'))));
}

function hasRequest(segment: Segment): boolean {
  return (segment.action !== undefined || segment.objects.size > 0) && segment.targets.length > 0;
}

// --- small talk

const CANCEL = /^(?:(?:please|ok|okay|no|actually|oh|sorry)[\s,]+)*(?:cancel|never ?mind|forget (?:it|that|about it)|stop|abort|leave it|drop it|scratch that|undo that|no)(?: (?:that|it|this|please|thanks|thank you|the request|everything))*[\s.!,]*(?:thanks|thank you|please|sorry)?[\s.!]*$/iu;
const CONFIRM = /^(?:yes|yep|yeah|yup|sure|ok|okay|go ahead|do it|confirm(?:ed)?|approved?|i approve|please do|correct|right|exactly|fine)(?:[\s,]+(?:please|do it|go ahead|thanks|sure|yes))*[\s.!]*$/iu;
const THANKS = /^(?:(?:ok|okay|great|cool|perfect|super|nice|good|many|alright|got it|wonderful)[\s,!.]*)*(?:thanks|thank you|thx|ty|cheers|merci|danke)(?:\s+(?:a lot|so much|very much|again|for (?:that|your help|the help|everything)|steward|you))*[\s.!]*$/iu;
const GREETING = /^(?:hi|hello|hey|good (?:morning|evening|afternoon|day|night)|bye|goodbye|see you|hallo|moin|greetings|howdy|yo)(?:\s+(?:there|again|bot|all|everyone|everybody|team|steward|you))*[\s.!,?]*$/iu;
const GENERAL: readonly RegExp[] = [
  /^(?:(?:hey|hi|hello|so|please|and|but|ok)[\s,]+)*how (?:do|does|did|can|could|should|would|to|is|are|come)\b/iu,
  /\bhow (?:do|can|could|should|would) (?:i|we|you|one|people)\b/iu,
  /\b(?:can|could) you (?:explain|teach|recommend|suggest|order|translate|sing|write)\b/iu,
  /^(?:please\s+)?(?:explain|define|translate|recommend|suggest|write|sing|calculate|summari[sz]e)\b/iu,
  /^what(?:['’]s| is| are| was) (?:the difference|the point|a|an)\b/iu,
  /\bwhat (?:does|do|would|happens?|will)\b.*\b(?:mean|happen|happens)\b/iu,
  /\bwhat happens\b/iu,
  /^(?:should|shall|may|must) (?:i|we)\b/iu,
  /^how (?:long|often|much|far|old|big|safe|secure|fast)\b/iu,
  /^(?:who|where|when|why|what) (?:do|should|can|must|could) (?:i|we)\b/iu,
  /^what(?:['’]s| is| are) (?!(?:the|my|his|her|their|its|up|with|on)\b)[a-z-]+(?: [a-z-]+){0,2}[\s?.!]*$/u,
  /^where (?:can|do|should|could) (?:i|we|you|one)\b/iu,
  /^(?:do|would) you (?:like|think|want|have)\b(?!.*\b(?:called|named|name of)\b)/iu,
  /^(?:what|who) (?:can|are) you\b/iu,
  /^what do you (?:do|think|like|want|mean)\b/iu,
  /^are you\b/iu,
  /^(?:why|when) (?:should|would|do|does) (?:i|we|one|people|you)\b/iu,
];

function readSmallTalk(text: string): Talk | undefined {
  const trimmed = text.trim();
  if (!/[\p{L}\p{N}]/u.test(trimmed)) return 'off-topic';
  if (CANCEL.test(trimmed)) return 'cancelled';
  if (CONFIRM.test(trimmed)) return 'confirm';
  if (THANKS.test(trimmed)) return 'thanks';
  return GREETING.test(trimmed) ? 'greeting' : undefined;
}

function isGeneralQuestion(text: string): boolean {
  const trimmed = text.trim();
  return !/^how many\b/iu.test(trimmed) && GENERAL.some((pattern) => pattern.test(trimmed));
}

/** General questions go to a tool that answers questions, if there is one. */
function answerOr(tools: readonly Tool[], text: string): Plan {
  const answerer = tools.find((tool) => tool.action === ANSWER && tool.targetKind === undefined);
  return answerer === undefined ? { kind: 'talk', talk: 'off-topic' } : { kind: 'wants', wants: [{ tool: answerer, reason: text, text }], partly: false };
}

// --- reasons told in sentences

/** "Steward, block …": a single name before the request is who is spoken to. */
function dropVocative(segments: readonly Part[]): readonly Part[] {
  const [first, second] = segments;
  const isCall = first !== undefined && first.action === undefined && first.objects.size === 0 && first.tokens.filter((token) => token.kind === 'word').length === 1 && first.targets.length === 1;
  return isCall && second?.action !== undefined && second.targets.some((target) => target.by !== 'third') ? segments.slice(1) : segments;
}

function statedReason(text: string, segments: readonly Segment[]): string | undefined {
  const first = segments.findIndex((segment) => segment.statement);
  if (first < 0) return undefined;
  let last = first;
  while (segments[last + 1]?.statement === true) last += 1;
  const from = segments[first];
  const to = segments[last];
  return from === undefined || to === undefined ? undefined : trimReason(text.slice(from.start, to.end));
}

// --- follow-ups that repeat or complete

const SAME = /\b(?:same|likewise|ditto|repeat)\b|\bdo (?:it|that|this) (?:again )?(?:for|to|with)\b/iu;
const ALSO = /^(?:and|also|what about|how about|now|then|next|for|plus|(?:do )?(?:it|that) (?:for|to)|or)\b|\b(?:too|as well|also)\b[\s.!?]*$/iu;

function isFollowUp(text: string): boolean {
  return SAME.test(text) || ALSO.test(text.trim());
}

/** "the second one", "{person_…}", "same for NAME", "and NAME?": another target for what was wanted before. */
function repeat(text: string, segments: readonly Part[], context: PlanContext, reason: string | undefined): Plan | undefined {
  const wordy = segments.filter((segment) => !segment.statement && !segment.negated);
  // "not that one, the other" goes on; "don't block her" does not.
  if (wordy.length < segments.length && segments.some((segment) => segment.negated && segment.action !== undefined)) return undefined;
  const same = SAME.test(text);
  if (!same && wordy.some((segment) => segment.action !== undefined || segment.objects.size > 0 || listed(segment, context) !== undefined)) return undefined;
  const references = wordy.flatMap((segment) => segment.targets);
  const factual = references.length === 0 || references.every((reference) => reference.by === 'name') ? chooseByFact(text, context.memory) : undefined;
  if (references.length === 0 && factual === undefined) return undefined;
  const points = factual !== undefined || references.some((reference) => reference.by === 'position' || reference.by === 'handle');
  const names = references.filter((reference) => reference.by === 'name');
  const completes = context.pending !== undefined && names.length > 0 && wordy.every((segment) => segment.leftover === 0);
  if (!same && !points && !completes && !ALSO.test(text.trim())) return undefined;

  const resolved = factual === undefined ? resolveAll(references, context, undefined) : [{ handle: factual }];
  if (resolved === 'which' || resolved.length === 0) return { kind: 'talk', talk: 'which' };
  const models = templates(context, text, points);
  if (models.length === 0) return undefined;
  return { kind: 'wants', partly: false, wants: dedupe(resolved.flatMap((target) => models.map((model) => ({ ...aimed(model, target), reason: reason ?? model.reason })))) };
}

/** The same request with another thing in the place of the one of its kind. */
function aimed(want: Want, target: Target): Want {
  const kind = 'handle' in target ? kindOf(target.handle) : 'via' in target ? target.kind : 'person';
  const takes = want.tool.parameters.flatMap(({ role }) => (role.type === 'handle' ? [role.kind] : []));
  if (takes.length < 2 && (!takes.includes('device') || kind === 'device')) return { ...want, target };
  if (!takes.includes(kind ?? '') && takes.includes('device')) return { ...want, target: { via: 'list_devices', kind: 'device', of: target } };
  if (takes[0] === kind) return { ...want, target };
  return { ...want, others: (want.others ?? []).map((other) => (('handle' in other ? kindOf(other.handle) : 'via' in other ? other.kind : 'person') === kind ? target : other)) };
}

/** What to do with the new target: the request that waits, or the last calls again. */
function templates(context: PlanContext, text: string, points: boolean): readonly Want[] {
  if (context.pending !== undefined && (points || context.memory.lastCalls.length === 0)) {
    return unique(context.pending.map((want) => (want.tool.finder ? { ...want, tool: reader(context.tools) ?? want.tool } : want)));
  }
  const again = context.memory.lastCalls.flatMap((call) => {
    const tool = context.tools.find((candidate) => candidate.name === call.tool);
    const reasonName = tool?.parameters.find((parameter) => parameter.role.type === 'reason')?.name;
    const said = reasonName === undefined ? undefined : call.arguments[reasonName];
    if (tool === undefined) return [];
    const handles = Object.values(call.arguments).filter((value): value is string => typeof value === 'string' && kindOf(value) !== undefined);
    const values = Object.fromEntries(Object.entries(call.arguments).filter((entry): entry is [string, string | number] => LISTED.has(tool.name) && entry[0] !== reasonName && (typeof entry[1] === 'number' || (typeof entry[1] === 'string' && kindOf(entry[1]) === undefined))));
    return [{ tool, values, others: handles.slice(1).map((handle) => ({ handle })), reason: typeof said === 'string' ? said : fragment(text, 200), text }];
  });
  if (again.length > 0) return unique(points ? again.map((want) => (want.tool.finder ? { ...want, tool: reader(context.tools) ?? want.tool } : want)) : again);
  if (context.pending !== undefined) return unique(context.pending);
  const show = points ? reader(context.tools) : undefined;
  return show === undefined ? [] : [{ tool: show, reason: fragment(text, 200), text }];
}

function unique(wants: readonly Want[]): readonly Want[] {
  return [...new Map(wants.map((want) => [want.tool.name, want])).values()];
}

/** The tool that shows the account of somebody. */
export function reader(tools: readonly Tool[]): Tool | undefined {
  return tools.find((tool) => !LISTED.has(tool.name) && tool.action === READ && tool.targetKind !== undefined && [...tool.objects].some((object) => ACCESS_OBJECTS.has(object)));
}

/** "the one in Finance", when the last find returned such facts. */
function chooseByFact(text: string, memory: Memory): string | undefined {
  if (memory.choices.length < 2) return undefined;
  const words = new Set(tokenise(text).map((token) => token.lower));
  const matching = memory.choices.filter((handle) => (memory.choiceFacts.get(handle) ?? []).some((fact) => words.has(fact)));
  return matching.length === 1 ? matching[0] : undefined;
}

// --- new requests

interface Read {
  readonly text: string;
  readonly segments: readonly Part[];
  readonly told: readonly Part[];
  readonly reason: string | undefined;
  /** The pieces that ask for the writing. */
  readonly address: readonly Part[];
  readonly writing: Writing | undefined;
}

async function build({ text, segments, told, reason, address, writing }: Read, everything: PlanContext): Promise<Plan> {
  const ticket = ticketOf([...segments, ...address], everything.memory);
  const context = { ...everything, ...(ticket !== undefined && { ticket }) };
  const framed = frame(segments, context);
  const { declined } = framed;
  const frames = leaning(framed.frames, context);
  const spoken = [...frames.flatMap((candidate) => candidate.targets), ...segments.flatMap((segment) => segment.targets)].filter((target) => target.by !== 'third');
  const wants: Want[] = [];
  let unsupported = false;
  let which = false;
  let who = false;
  const finds: Want[] = [];
  const special: Want[] = [];
  let said: Talk | undefined;
  for (const [index, candidate] of frames.entries()) {
    const request = listed(candidate, context);
    if (request !== undefined) {
      const asked = fulfilled(request.tool, candidate, index, { frames, segments, told, text, reason }, context);
      if (typeof asked === 'string') said ??= asked;
      else special.push(...asked);
      continue;
    }
    const references = targetsOf(candidate, index, frames, told, segments, context.memory.choices.length > 0);
    const relation = relationOf(candidate);
    const resolved = resolveAll(references, context, relation);
    // The relation says whom, not what.
    if (relation !== undefined) candidate.objects.delete('manager');
    if (resolved === 'which') {
      which = true;
      continue;
    }
    const tool = await pick(candidate, resolved, context);
    if (tool === 'unsupported' || tool === undefined) {
      unsupported ||= tool === 'unsupported';
      continue;
    }
    if (tool.targetKind !== undefined && resolved.length === 0) {
      who = true;
      continue;
    }
    if (tool.finder && resolved.length === 0) continue;
    // "lock {device_…}" where no tool takes a device: nobody's sign-in is meant.
    const taken = resolved.filter((target) => tool.targetKind === undefined || !('handle' in target) || kindOf(target.handle) === tool.targetKind);
    unsupported ||= taken.length < resolved.length;
    if (taken.length === 0 && resolved.length > 0) continue;
    for (const target of taken.length > 0 ? taken : [undefined]) {
      if (tool.finder && target !== undefined && 'handle' in target) continue;
      const want: Want = { tool, reason: reason ?? fragment(text, 10_000), text, ...(target === undefined ? {} : { target }) };
      (tool.finder ? finds : wants).push(want);
    }
  }
  if (writing !== undefined) {
    const asked = written(writing, address, { frames, segments, told, text, reason }, context);
    if (typeof asked === 'string') said ??= asked;
    else special.push(...asked);
  }
  // Part of a request that lacks something is not done without the rest.
  if (said !== undefined) return { kind: 'talk', talk: said };
  wants.push(...special);
  // Looking somebody up is the first half of doing something with them.
  const needed = new Set(wants.flatMap((want) => [want.target, ...(want.others ?? [])].flatMap((target) => [target, ...(target !== undefined && 'via' in target ? [target.of] : [])])).map(targetKey));
  const all = dedupe([...finds.filter((find) => !needed.has(targetKey(find.target))), ...wants]);
  if (all.length > 0) return { kind: 'wants', wants: all, partly: unsupported };
  const look = frames.length === 0 && !declined ? lookAt(told, text, context) : undefined;
  if (look !== undefined) return look;
  if (which) return { kind: 'talk', talk: 'which' };
  if (unsupported) return { kind: 'talk', talk: 'unsupported' };
  if (who && spoken.length === 0) return { kind: 'talk', talk: 'who' };
  return { kind: 'talk', talk: declined ? 'declined' : 'off-topic' };
}

/** The ticket that is spoken about: for “the caller”. */
function ticketOf(parts: readonly Part[], memory: Memory): Target | undefined {
  const named = parts.flatMap(({ entities }) => entities).find(({ kind }) => kind === 'ticket');
  const last = memory.last.get('ticket');
  if (named !== undefined) return { via: 'find_ticket', kind: 'ticket', values: { words: named.value } };
  return last === undefined ? undefined : { handle: last };
}

interface Around {
  readonly frames: readonly Frame[];
  readonly segments: readonly Part[];
  readonly told: readonly Part[];
  readonly text: string;
  readonly reason: string | undefined;
}

/** What a request of `requests.ts` wants done, or what to say instead. */
function fulfilled(name: string, candidate: Frame, index: number, { frames, segments, told, text, reason }: Around, context: PlanContext, writing?: Writing): readonly Want[] | Talk {
  const tool = context.tools.find((each) => each.name === name);
  if (tool === undefined) return 'unsupported';
  const own = candidate.targets.filter(({ by }) => by !== 'third' && by !== 'self');
  const references = own.length === 0 && isOwn(candidate.said) ? [{ by: 'self' } as const] : targetsOf(candidate, index, frames, told, segments, context.memory.choices.length > 0);
  const targets = resolveAll(references, context, undefined);
  if (targets === 'which') return 'which';
  const pointing = own.length === 0 && !candidate.targets.some((target) => target.by === 'third' && target.personal) && !frames.slice(0, index).some(({ targets: before }) => before.some(({ by }) => by !== 'third'));
  return fulfil(tool, { said: candidate.said, entities: candidate.entities, targets, pointing, stated: reason, text, writing, before: writing === undefined ? '' : text.slice(0, writing.from) }, context.memory);
}

/** The writing tool, for all that the pieces before the words name. */
function written(writing: Writing, address: readonly Part[], around: Around, context: PlanContext): readonly Want[] | Talk {
  const parts = address.filter(({ start }) => start < writing.at);
  const [first] = parts;
  const said = parts.map((part) => part.said).join(' ');
  const names = writersOf(writing.kind);
  const own = /\bmy\b/u.test(said) ? names.at(-1) : undefined;
  const name = [own, ...names].find((each) => each !== undefined && context.tools.some((tool) => tool.name === each));
  if (name === undefined || first === undefined) return 'unsupported';
  const whole = { ...frameOf(first), said, targets: parts.flatMap(({ targets }) => targets), entities: parts.flatMap(({ entities }) => entities) };
  return fulfilled(name, whole, around.frames.length, { ...around, frames: [...around.frames, whole] }, context, writing);
}

/** “Add Anna Weber and Tom Baker to the group”: a piece without a request of its own, and the one it completes. */
function leaning(frames: readonly Frame[], context: PlanContext): readonly Frame[] {
  const joined: Frame[] = [];
  for (const each of frames) {
    const before = joined.at(-1);
    const whole = before === undefined || each.action !== undefined || listed(before, context) !== undefined ? undefined : { ...before, said: `${before.said} ${each.said}`, targets: [...before.targets, ...each.targets], entities: [...before.entities, ...each.entities] };
    if (whole !== undefined && listed(whole, context) !== undefined && listed(each, context) === undefined) joined.splice(-1, 1, whole);
    else joined.push(each);
  }
  return joined;
}

/** "Anna Weber can't sign in" and nothing else: the state of her account is what helps. */
function lookAt(told: readonly Segment[], text: string, context: PlanContext): Plan | undefined {
  const tool = reader(context.tools);
  const described = told.find((segment) => segment.objects.has('signin') || segment.objects.has('account') || segment.tokens.some((token) => /^(?:lock|block|disabl|suspend)$/u.test(token.stem)));
  if (described !== undefined && (narrow(described.objects).size > 0 || described.tokens.some((token) => SELF.has(token.lower)))) return undefined;
  const references = described?.targets.filter((target) => target.by === 'handle' || (target.by === 'name' && target.strong)) ?? [];
  if (tool === undefined || references.length === 0) return undefined;
  const targets = resolveAll(references, context, undefined);
  return targets === 'which' ? undefined : { kind: 'wants', partly: false, wants: targets.map((target) => ({ tool, target, reason: fragment(text, 10_000), text })) };
}

/** Joins pieces into requests: a piece with only a name adds a target, one with only a noun inherits the verb. */
function frame(segments: readonly Part[], context: PlanContext): { frames: readonly Frame[]; declined: boolean } {
  const frames: Frame[] = [];
  let declined = false;
  for (const segment of segments) {
    const request = listed(segment, context);
    if (segment.negated && request === undefined) {
      declined = true;
      continue;
    }
    if (segment.statement) continue;
    const previous = frames.at(-1);
    const fresh = frameOf(segment);
    if (segment.action !== undefined || request !== undefined) {
      frames.push(fresh);
    } else if (segment.objects.size > 0) {
      if (previous !== undefined && previous.objects.size === 0 && previous.question && !previous.verb) {
        for (const object of segment.objects) previous.objects.add(object);
      } else {
        frames.push({ ...fresh, action: previous?.action === READ || previous?.action === FIND ? READ : undefined });
      }
    } else if (segment.targets.length > 0 && previous !== undefined && !segment.question && segment.targets.every((target) => target.by !== 'third')) {
      if (previous.targets.length > 0 || segment.leftover === 0) previous.targets.push(...segment.targets);
    } else if (segment.targets.length > 0) {
      frames.push(fresh);
    }
  }
  return { frames, declined };
}

function frameOf(segment: Part): Frame {
  return {
    action: segment.action, implies: segment.implies, objects: new Set(segment.objects), targets: [...segment.targets], question: segment.question, negated: segment.negated,
    text: segment.tokens.map((token) => token.text).join(' '), leftover: segment.leftover, verb: segment.action !== undefined, tokens: segment.tokens, said: segment.said, entities: segment.entities,
  };
}

/** A frame's own targets, else those of its neighbours, else what the told reason speaks about, else the last one spoken about. */
function targetsOf(candidate: Frame, index: number, frames: readonly Frame[], told: readonly Segment[], segments: readonly Segment[], choosable: boolean): readonly TargetReference[] {
  const own = candidate.targets.filter((target) => target.by !== 'third' && !(target.by === 'position' && !choosable) && !(target.by === 'name' && !target.strong && candidate.targets.some((other) => other.by === 'name' && other.strong)));
  if (own.length > 0) return own;
  const isNamed = (target: TargetReference): boolean => target.by !== 'third' && (choosable || target.by !== 'position');
  const before = frames.slice(0, index).reverse().find((other) => other.targets.some(isNamed));
  if (before !== undefined) return before.targets.filter(isNamed);
  const pronoun = candidate.targets.some((target) => target.by === 'third');
  const elsewhere = [...told, ...segments.filter((segment) => segment.negated)].find((segment) => segment.targets.some(isNamed));
  if (pronoun && elsewhere !== undefined) return elsewhere.targets.filter(isNamed);
  const after = frames.slice(index + 1).find((other) => other.targets.some(isNamed));
  if (after !== undefined && !pronoun) return after.targets.filter(isNamed);
  if (elsewhere !== undefined && candidate.verb) return elsewhere.targets.filter(isNamed);
  if (pronoun) return [{ by: 'third', personal: true }];
  // "revoke the sessions too": nothing named and nothing else said.
  if (candidate.tokens.some((token) => /^(?:every|any|no)(?:one|body|thing)$/u.test(token.lower) || token.lower === 'users')) return [];
  return candidate.leftover === 0 && candidate.verb && candidate.action !== READ && candidate.action !== FIND ? [{ by: 'third', personal: false }] : [];
}

/** "lock her manager out": the field of an earlier result whose name was said, unless it is what was asked for. */
function relationOf(candidate: Frame): readonly string[] | undefined {
  const reading = candidate.action === undefined || candidate.action === READ || candidate.action === FIND;
  const related = candidate.tokens.filter((token) => OBJECTS.get(token.stem) === 'manager').map((token) => token.stem);
  if (related.length === 0 || (reading && [...candidate.objects].every((object) => object === 'manager'))) return undefined;
  return related;
}

function resolveAll(references: readonly TargetReference[], context: PlanContext, relation: readonly string[] | undefined): readonly Target[] | 'which' {
  const { memory, tools } = context;
  const kinds = new Set(tools.flatMap(({ parameters }) => parameters.flatMap(({ role }) => (role.type === 'handle' ? [role.kind] : []))));
  const kind = [...kinds].find((candidate) => candidate === kindOf(memory.asker ?? '')) ?? [...kinds][0];
  const targets: Target[] = [];
  for (const reference of references) {
    switch (reference.by) {
      case 'handle':
        // A handle of a kind that no tool takes stands for text to look up.
        targets.push(kinds.has(kindOf(reference.handle) ?? '') ? { handle: reference.handle } : lookUp(reference.handle, memory));
        break;
      case 'name':
        targets.push(lookUp(reference.name, memory));
        break;
      case 'role':
        if (context.ticket === undefined) return 'which';
        targets.push({ via: 'show_ticket', kind: 'person', of: context.ticket, field: reference.role });
        break;
      case 'self':
        if (memory.asker !== undefined) targets.push({ handle: memory.asker });
        break;
      case 'third': {
        const last = kind === undefined ? undefined : memory.last.get(kind);
        if (last !== undefined) targets.push({ handle: last });
        else if (memory.choices.length > 1) return 'which';
        break;
      }
      case 'position': {
        const chosen = choose(reference.position, memory);
        if (chosen.length === 0) return 'which';
        targets.push(...chosen.map((handle) => ({ handle })));
        break;
      }
    }
  }
  if (relation === undefined) return targets;
  return targets.map((target) => {
    if ('via' in target) return target;
    const fields = 'handle' in target ? memory.relations.get(target.handle) : undefined;
    const related = relatedIn(fields ?? new Map<string, string>(), relation);
    return related === undefined ? { ...target, relation } : { handle: related };
  });
}

/** The handle in the field that means the relation: `manager` for "boss". */
export function relatedIn(fields: ReadonlyMap<string, string>, relation: readonly string[]): string | undefined {
  const objects = relation.map((word) => OBJECTS.get(word));
  return [...fields].find(([name]) => relation.includes(stem(fold(name))) || objects.includes(OBJECTS.get(stem(fold(name))) ?? name))?.[1];
}

function lookUp(name: string, memory: Memory): Target {
  const known = memory.handlesOf(name);
  return known?.length === 1 && known[0] !== undefined ? { handle: known[0] } : { name };
}

function choose(position: number | 'last' | 'other' | 'all', memory: Memory): readonly string[] {
  if (position === 'all') return memory.choices;
  if (position === 'last') return memory.choices.slice(-1);
  if (position === 'other') {
    const others = memory.chosen === undefined ? [] : memory.choices.filter((handle) => handle !== memory.chosen);
    return others.length === 1 ? others : [];
  }
  return memory.choices.slice(position - 1, position);
}

/** The tool for a request, 'unsupported' when it is a request that no tool does, undefined when it is none. */
async function pick(candidate: Frame, targets: readonly Target[], context: PlanContext): Promise<Tool | 'unsupported' | undefined> {
  const tools = context.tools.filter(({ name }) => !LISTED.has(name));
  const narrowed = narrow(candidate.objects);
  const { action } = candidate;
  if (action === FIND && narrowed.size === 0) {
    // "look up the weather in Rome" looks for something else.
    if (candidate.leftover > 0) return undefined;
    // "look up Anna's account" wants to see it.
    if (candidate.tokens.some((token) => /^(?:account|profil|status)$/u.test(token.stem)) && candidate.tokens.every((token) => token.lower !== 'whose')) return reader(tools);
    return tools.find((tool) => tool.finder && targets.some((target) => 'name' in target)) ?? (targets.length > 0 ? reader(tools) : undefined);
  }
  if (action === undefined || action === READ || action === FIND) return pickReader(candidate, targets, context);

  const does = tools.filter((tool) => tool.action === action && !tool.finder);
  const fitting = does.filter((tool) => [...narrowed].every((object) => tool.objects.has(object)));
  if (fitting.length === 0) return targets.length > 0 || candidate.objects.size > 0 ? 'unsupported' : undefined;
  const unsaid = (tool: Tool): number => [...narrow(tool.objects)].filter((object) => !narrowed.has(object) && object !== candidate.implies).length;
  return closest(candidate, fitting, (tool) => [...narrowed].filter((object) => tool.objects.has(object)).length * 2 - unsaid(tool), context);
}

async function pickReader(candidate: Frame, targets: readonly Target[], context: PlanContext): Promise<Tool | 'unsupported' | undefined> {
  const { memory } = context;
  const tools = context.tools.filter(({ name }) => !LISTED.has(name));
  const narrowed = narrow(candidate.objects);
  const asks = candidate.verb || candidate.question;
  // "and her sessions too": no verb, but the last thing done was a change, so another change is meant.
  const changed = memory.lastCalls.some((call) => tools.some((tool) => tool.name === call.tool && tool.action !== READ && !tool.finder));
  const eligible = tools.filter((tool) => tool.targetKind !== undefined && (tool.action === READ || (!asks && (changed || narrowed.size > 0) && [...narrowed].some((object) => tool.objects.has(object)))));
  // "Why is my laptop so slow?" asks for an explanation that no list gives.
  if (narrowed.size > 0 && /^why\b/iu.test(candidate.text)) return undefined;
  // "Can I use my own phone for work?" asks for a rule, "can I see my devices?" for the devices.
  if (!candidate.verb && /^(?:can|may|could|must) (?:i|we)\b(?! (?:see|have|get)\b)/iu.test(candidate.text)) return undefined;
  if (candidate.objects.size === 0) {
    if (targets.length === 0) return undefined;
    if (asksWho(candidate) || (candidate.verb && candidate.leftover === 0)) return reader(tools);
    return similar(candidate, context);
  }
  // "is my phone waterproof": about one's own things, but nothing that a list says.
  if (candidate.question && candidate.leftover > 0 && candidate.targets.some((target) => target.by === 'self')) return undefined;
  if (!asks && candidate.leftover > 0) return targets.length > 0 ? guess(candidate, context, narrowed) : undefined;
  const fitting = eligible.filter((tool) => [...narrowed].every((object) => tool.objects.has(object)));
  if (fitting.length === 0) return targets.length > 0 ? 'unsupported' : undefined;
  if (targets.length === 0) return undefined;
  const broad = (tool: Tool): number => [...candidate.objects].filter((object) => tool.objects.has(object)).length - [...narrow(tool.objects)].filter((object) => !narrowed.has(object)).length / 4;
  const general = (tool: Tool): number => (narrowed.size === 0 && [...tool.objects].some((object) => ACCESS_OBJECTS.has(object)) ? 1 : 0);
  return closest(candidate, fitting, (tool) => broad(tool) + general(tool) + (narrow(tool.objects).has('device') && !narrowed.has('device') ? -2 : 0), context);
}

/** "Who is Anna Weber?" and nothing else. */
function asksWho(candidate: Frame): boolean {
  return candidate.question && candidate.leftover === 0 && /\bwho\b/iu.test(candidate.text) && candidate.targets.some((target) => target.by !== 'name' || target.strong);
}

/** The best by score; vectors decide between equals. */
async function closest(candidate: Frame, tools: readonly Tool[], score: (tool: Tool) => number, context: PlanContext): Promise<Tool | undefined> {
  const best = Math.max(...tools.map(score));
  const top = tools.filter((tool) => score(tool) === best);
  if (top.length <= 1) return top[0];
  const ranked = await Promise.all(top.map(async (tool) => ({ tool, alike: await context.similarity(neutral(candidate), tool.description) })));
  return ranked.sort((left, right) => right.alike - left.alike)[0]?.tool;
}

/** The verb is unknown, the thing is not: a change of it is meant, so a tool that only reads it is none. */
async function guess(candidate: Frame, context: PlanContext, about: ReadonlySet<string>): Promise<Tool | 'unsupported' | undefined> {
  const tool = await similar(candidate, context, about);
  const first = candidate.tokens.find((token) => token.kind === 'word' && !POLITE.has(token.lower));
  const commanded = first !== undefined && !first.possessive && (VERBS.has(first.stem) || isOrdinaryWord(first.lower));
  return tool !== undefined && tool.action === READ && commanded ? 'unsupported' : tool;
}

/** Somebody is named, but no verb is known: the tool whose description is closest in meaning, if it is close at all. */
async function similar(candidate: Frame, context: PlanContext, about: ReadonlySet<string> = new Set()): Promise<Tool | undefined> {
  // Only an unknown verb is worth a guess; an unknown noun behind "show" is something that no tool shows.
  if (candidate.leftover === 0 || candidate.verb || candidate.question || !candidate.targets.some((target) => target.by !== 'self' && (target.by !== 'name' || target.strong))) return undefined;
  const tools = context.tools.filter((tool) => !LISTED.has(tool.name) && tool.targetKind !== undefined && [...about].every((object) => tool.objects.has(object)));
  // What it is about is known, only the verb is not.
  if (about.size > 0 && tools.length === 1) return tools[0];
  const ranked = await Promise.all(tools.map(async (tool) => ({ tool, alike: await context.similarity(neutral(candidate), tool.description) })));
  const [first, second] = ranked.sort((left, right) => right.alike - left.alike);
  return first !== undefined && first.alike >= MIN_SIMILARITY && first.alike - (second?.alike ?? 0) >= 0.03 ? first.tool : undefined;
}

/** The request with "one person" for the name, so that names do not sway the vectors. */
function neutral(candidate: Frame): string {
  return candidate.targets.reduce((text, target) => {
    const said = target.by === 'name' ? target.name : target.by === 'handle' ? target.handle : undefined;
    return said === undefined ? text : text.replace(said, 'one person');
  }, candidate.text).slice(0, 300);
}

export function targetKey(target: Target | undefined): string {
  if (target === undefined) return '';
  if ('via' in target) return JSON.stringify(target);
  return `${'handle' in target ? target.handle : fold(target.name)}${target.relation === undefined ? '' : '.manager'}`;
}

function dedupe(wants: readonly Want[]): readonly Want[] {
  return [...new Map(wants.map((want) => [[want.tool.name, ...[want.target, ...(want.others ?? [])].map(targetKey)].join(' '), want])).values()];
}
