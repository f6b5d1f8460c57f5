/** What code recognises before model, state and knowledge. */
export type Command =
  | { readonly kind: 'kill'; readonly scope: 'all' | 'other' }
  | { readonly kind: 'revive'; readonly reason: string }
  | { readonly kind: 'raise'; readonly action: string; readonly reason: string }
  | { readonly kind: 'approvals here'; readonly here: boolean }
  | { readonly kind: SimpleCommand };

type SimpleCommand = 'status' | 'help' | 'cancel' | 'greeting' | 'thanks' | 'yes' | 'undo' | 'pending';

/** After a command nothing may follow but punctuation and symbols. `\W` would take other alphabets for punctuation. */
const END = String.raw`[^\p{L}\p{N}]*$`;
const whole = (words: string): RegExp => new RegExp(`^(?:${words})${END}`, 'iu');

const SIMPLE: readonly (readonly [RegExp, SimpleCommand])[] = [
  [whole('pending|what (?:is|waits|is waiting) (?:pending|for me)|(?:show )?(?:my )?(?:open|pending) requests'), 'pending'],
  [whole('(?:undo|revert|take (?:it|that) back|rückgängig)(?: (?:it|that|this|please))*'), 'undo'],
  [whole('status'), 'status'],
  [whole(String.raw`help|hilfe|aide|\?|what can you do|what can i (?:ask|do)(?: you)?`), 'help'],
  [whole('(?:cancel|stop|abort|never ?mind|forget (?:it|that))(?: (?:it|that|this|please))*'), 'cancel'],
  [whole('(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|moin|hallo|guten (?:morgen|tag|abend)|bonjour|servus|grüezi)(?:[ ,]+(?:there|steward|all|team))?'), 'greeting'],
  [whole('(?:thanks|thank you|thx|ty|cheers|danke|merci)(?: (?:a lot|so much|very much|steward|schön))*'), 'thanks'],
  [whole('(?:yes|yep|yeah|yup|ok|okay|sure|confirm(?:ed)?|approved?|go ahead|do it|please do|ja|oui|si|sí|👍)(?:[ ,]+(?:please|do it|go ahead|confirm(?:ed)?|approved?|block (?:her|him|them|it)))*'), 'yes'],
];
const KILL = /^kill(?:\s+(.*)|[^\p{L}\p{N}]*)$/isu;
const KILL_ALL = whole(String.raw`(?:all|everything|switch)?(?:[\s,]+(?:now|please|immediately|at once))*`);
const REVIVE = /^revive(?![\p{L}\p{N}])[\s:,]*(?:all(?![\p{L}\p{N}])[\s:,]*)?(?:because(?![\p{L}\p{N}])[\s:,]*)?(.*)$/isu;

const APPROVALS_HERE = whole(String.raw`approvals(?: (not|no longer))? here`);
const RAISE = /^raise\s+(?:the\s+)?limits?\s+(?:(?:of|for|on)\s+)?(?:the\s+)?(.{1,80}?)(?:[\s,]+because(?![\p{L}\p{N}])[\s:,]*(.*))?$/isu;

/** The command in a message, or undefined. */
export function parseCommand(text: string): Command | undefined {
  const trimmed = text.trim();
  const kill = KILL.exec(trimmed);
  if (kill !== null) return { kind: 'kill', scope: KILL_ALL.test(kill[1] ?? '') ? 'all' : 'other' };
  const revive = REVIVE.exec(trimmed);
  if (revive !== null) return { kind: 'revive', reason: (revive[1] ?? '').trim() };
  const here = APPROVALS_HERE.exec(trimmed);
  if (here !== null) return { kind: 'approvals here', here: here[1] === undefined };
  const raise = RAISE.exec(trimmed);
  if (raise !== null) return { kind: 'raise', action: raise[1] ?? '', reason: (raise[2] ?? '').trim() };
  const simple = SIMPLE.find(([shape]) => shape.test(trimmed));
  return simple && { kind: simple[1] };
}

/** Micro-USD as dollars with two decimals, rounded up: a ceiling is never shown as less spent than it is. */
export function usd(microUsd: number): string {
  return (Math.ceil(microUsd / 10_000) / 100).toFixed(2);
}
