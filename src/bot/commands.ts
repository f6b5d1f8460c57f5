/** What code recognises before model, state and knowledge. */
export type Command =
  | { readonly kind: 'kill'; readonly what: KillWords | undefined; readonly reason: string }
  | { readonly kind: 'revive'; readonly what: ReviveWords; readonly reason: string }
  | { readonly kind: 'drill' }
  | { readonly kind: 'raise spending'; readonly who: string; readonly usd: string; readonly reason: string }
  | { readonly kind: 'records'; readonly change: 'erase' | 'hold' | 'release'; readonly who: string; readonly reason: string }
  | { readonly kind: 'raise'; readonly action: string; readonly reason: string }
  | { readonly kind: 'approvals here'; readonly here: boolean }
  | { readonly kind: SimpleCommand };

/** One thing that is stopped, as it was written; nothing in it was looked up. */
type OneThing = { readonly scope: 'model' | 'conversation' } | { readonly scope: 'action' | 'person'; readonly named: string };
export type KillWords = { readonly scope: 'all'; readonly level: 'off' | 'read-only' | 'observe' } | OneThing;
export type ReviveWords = { readonly scope: 'all'; readonly level: 'full' | 'read-only' | 'observe' } | OneThing;

type SimpleCommand = 'status' | 'help' | 'cancel' | 'greeting' | 'thanks' | 'yes' | 'undo' | 'pending' | 'forget' | 'why';

/** After a command nothing may follow but punctuation and symbols. `\W` would take other alphabets for punctuation. */
const END = String.raw`[^\p{L}\p{N}]*$`;
const whole = (words: string): RegExp => new RegExp(`^(?:${words})${END}`, 'iu');

const SIMPLE: readonly (readonly [RegExp, SimpleCommand])[] = [
  [whole('pending|what (?:is|waits|is waiting) (?:pending|for me)|(?:show )?(?:my )?(?:open|pending) requests'), 'pending'],
  [whole('(?:undo|revert|take (?:it|that) back|rückgängig)(?: (?:it|that|this|please))*'), 'undo'],
  [whole(String.raw`forget (?:me|everything(?: about me)?|our conversation|my (?:history|data))|delete (?:my|our) (?:history|data|conversation)|vergiss mich`), 'forget'],
  [whole('why|why (?:is|was) that|how do you know(?: that)?|where (?:is|does) that (?:from|come from)|(?:what|which) (?:is|are) your sources?|says who|warum|pourquoi'), 'why'],
  [whole('status'), 'status'],
  [whole(String.raw`help|hilfe|aide|\?|what can you do|what can i (?:ask|do)(?: you)?`), 'help'],
  [whole('(?:cancel|stop|abort|never ?mind|forget (?:it|that))(?: (?:it|that|this|please))*'), 'cancel'],
  [whole('(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|moin|hallo|guten (?:morgen|tag|abend)|bonjour|servus|grüezi)(?:[ ,]+(?:there|steward|all|team))?'), 'greeting'],
  [whole('(?:thanks|thank you|thx|ty|cheers|danke|merci)(?: (?:a lot|so much|very much|steward|schön))*'), 'thanks'],
  [whole('(?:yes|yep|yeah|yup|ok|okay|sure|confirm(?:ed)?|approved?|go ahead|do it|please do|ja|oui|si|sí|👍)(?:[ ,]+(?:please|do it|go ahead|confirm(?:ed)?|approved?|block (?:her|him|them|it)))*'), 'yes'],
];
const KILL = /^kill(?:[\s,:]+(.*)|[^\p{L}\p{N}]*)$/isu;
const SOON = String.raw`(?:[\s,]+(?:now|please|immediately|at once))*`;
const TO = String.raw`(?:down\s+)?to\s+(read[\s-]?only|observe|off)(?:\s+mode)?`;
const KILL_ALL = whole(String.raw`(?:all|everything|switch)?${SOON}`);
const KILL_TO = whole(String.raw`(?:(?:all|everything)\s+)?${TO}${SOON}`);
const KILL_MODEL = whole(String.raw`(?:the\s+)?model${SOON}`);
const KILL_HERE = whole(String.raw`(?:here|(?:this\s+)?(?:conversation|chat|channel))${SOON}`);
const KILL_ACTION = /^(?:the\s+)?action\s+(.{1,80})$/isu;
const KILL_PERSON = /^(?:the\s+)?(?:person|user)\s+(\S{1,120})$/isu;
const DRILL = whole('drill(?:[\\s:,]+(?:the\\s+)?kill(?:\\s+switch)?)?');
const BECAUSE = /(?<![\p{L}\p{N}])because(?![\p{L}\p{N}])/iu;
const REVIVE = /^revive(?![\p{L}\p{N}])[\s:,]*(.*)$/isu;
const REVIVE_ALL = /^(?:all|everything)(?![\p{L}\p{N}])[\s:,]*(?:to\s+full\b[\s:,]*)?/iu;
const REVIVE_TO = whole(String.raw`(?:all\s+)?to\s+(read[\s-]?only|observe|full)(?:\s+mode)?`);

const APPROVALS_HERE = whole(String.raw`approvals(?: (not|no longer))? here`);
const RAISE_SPENDING = /^raise\s+(?:the\s+)?(?:spending|budget|daily cap)\s+(?:of|for)\s+(\S{1,120})\s+to\s+(?:usd\s*|\$\s*)?(\S{1,20}?)(?:\s+usd)?(?:[\s,]+because(?![\p{L}\p{N}])[\s:,]*(.*))?$/isu;
const RAISE = /^raise\s+(?:the\s+)?limits?\s+(?:(?:of|for|on)\s+)?(?:the\s+)?(.{1,80}?)(?:[\s,]+because(?![\p{L}\p{N}])[\s:,]*(.*))?$/isu;

const RECORDS = /^(erase|hold|release)\s+(?:the\s+)?records?\s+(?:of|about|for|on)\s+(\S{1,120}?)(?:[\s,]+because(?![\p{L}\p{N}])[\s:,]*(.*)|[\s.!]*)$/isu;

/** The command in a message, or undefined. */
export function parseCommand(text: string): Command | undefined {
  const trimmed = text.trim();
  const kill = KILL.exec(trimmed);
  if (kill !== null) return killCommand((kill[1] ?? '').trim());
  const revive = REVIVE.exec(trimmed);
  if (revive !== null) return reviveWords((revive[1] ?? '').trim());
  if (DRILL.test(trimmed)) return { kind: 'drill' };
  const spending = RAISE_SPENDING.exec(trimmed);
  if (spending !== null) return { kind: 'raise spending', who: spending[1] ?? '', usd: spending[2] ?? '', reason: (spending[3] ?? '').trim() };
  const here = APPROVALS_HERE.exec(trimmed);
  if (here !== null) return { kind: 'approvals here', here: here[1] === undefined };
  const records = RECORDS.exec(trimmed);
  if (records !== null) return { kind: 'records', change: records[1]?.toLowerCase() as 'erase' | 'hold' | 'release', who: records[2] ?? '', reason: (records[3] ?? '').trim() };
  const raise = RAISE.exec(trimmed);
  if (raise !== null) return { kind: 'raise', action: raise[1] ?? '', reason: (raise[2] ?? '').trim() };
  const simple = SIMPLE.find(([shape]) => shape.test(trimmed));
  return simple && { kind: simple[1] };
}

function killCommand(rest: string): Command {
  const { reason, words } = split(rest);
  return { kind: 'kill', what: killWords(words), reason };
}

/** What stands before “because”, and after it. Nothing here goes back over a long text: it is read before anybody is known. */
function split(text: string): { readonly words: string; readonly reason: string } {
  const at = BECAUSE.exec(text)?.index;
  if (at === undefined) return { words: text.trim(), reason: '' };
  return { words: text.slice(0, at).trim().replace(/[,:]$/, '').trim(), reason: text.slice(at + 'because'.length).trim().replace(/^[:,]/, '').trim() };
}

/** What a kill stops, or undefined: then nothing is guessed. */
function killWords(rest: string): KillWords | undefined {
  if (KILL_ALL.test(rest)) return { scope: 'all', level: 'off' };
  const level = KILL_TO.exec(rest)?.[1];
  if (level !== undefined) return { scope: 'all', level: levelOf(level) as 'off' | 'read-only' | 'observe' };
  return oneThing(rest);
}

function reviveWords(rest: string): Command {
  const { reason, words } = split(rest);
  const level = REVIVE_TO.exec(words)?.[1];
  if (level !== undefined) return { kind: 'revive', what: { scope: 'all', level: levelOf(level) as 'full' | 'read-only' | 'observe' }, reason };
  const what = oneThing(words);
  if (what !== undefined) return { kind: 'revive', what, reason };
  // Everything, and the reason with or without “because”.
  const plain = rest.replace(REVIVE_ALL, '').replace(/^because(?![\p{L}\p{N}])[\s:,]*/iu, '');
  return { kind: 'revive', what: { scope: 'all', level: 'full' }, reason: plain.trim() };
}

function oneThing(words: string): OneThing | undefined {
  if (KILL_MODEL.test(words)) return { scope: 'model' };
  if (KILL_HERE.test(words)) return { scope: 'conversation' };
  const action = KILL_ACTION.exec(words)?.[1];
  if (action !== undefined) return { scope: 'action', named: action.trim() };
  const person = KILL_PERSON.exec(words)?.[1];
  return person === undefined ? undefined : { scope: 'person', named: person };
}

function levelOf(word: string): string {
  return word.toLowerCase().replace(/read[\s-]?only/, 'read-only');
}

/** Micro-USD as dollars with two decimals, rounded up: a ceiling is never shown as less spent than it is. */
export function usd(microUsd: number): string {
  return (Math.ceil(microUsd / 10_000) / 100).toFixed(2);
}
