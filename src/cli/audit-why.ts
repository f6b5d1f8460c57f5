import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../audit/events.ts';
import { Records } from '../audit/story.ts';
import { answersAgain } from './audit-answers.ts';
import { readCopy } from './audit-copy.ts';
import type { AuditSetting } from './audit-setting.ts';
import { heading, lineOf, nameOf, row, secondOf } from './audit-text.ts';
import { Misuse, short, typedOf, Unreadable, wordsOf } from './audit-words.ts';
import type { ExitStatus, Output } from './command.ts';

/** `steward audit why`: everything that belongs to one reference, in order. */

export const WHY_USAGE = `steward audit why ID DIRECTORY           everything about one reference (ABCDE-FGHIJ, as people are given it) or request:
                                         what was asked, planned, decided and why, approved, done; also takes
                                         --checkpoint and --key
`;

/** 0: told, and it holds. 1: it does not hold, or there is no such ID. Fails with `Misuse` and `Unreadable`. */
export async function whyCommand(given: readonly string[], { complain, print }: Output, { root }: Pick<AuditSetting, 'root'>): Promise<ExitStatus> {
  const { options, words } = wordsOf(given, ['--checkpoint', '--key']);
  const [id, ...rest] = words;
  if (id === undefined) throw new Misuse('`audit why` needs a reference, and the directory with the copy');
  const typed = typedOf('why', rest, options);
  const copy = await readCopy(typed);
  const records = new Records(copy.entries, copy.opened ?? []);
  const entries = records.around(id);
  if (entries.length === 0) {
    complain(`steward: nothing in this copy is called ${short(id)}. References look like ABCDE-FGHIJ; requests have 16 letters and digits. Is the copy newer than what you look for?\n`);
    return 1;
  }
  const policy = policyIn(root);
  const answers = answersAgain(entries, records, typed.directory);
  const told = entries.map((entry) => row(`${secondOf(entry.at)}  `, sentenceFor(entry, entries, records, policy.reasons), 25));
  print(`${[heading(copy, records).join('\n'), told.join('\n'), ...answers.text, versionsOf(entries, records, policy.digest).join('\n')].join('\n\n')}\n`);
  return copy.verdict.holds && answers.holds ? 0 : 1;
}

interface PolicyText {
  readonly digest: string;
  /** The sentence of a policy, by its id. */
  readonly reasons: ReadonlyMap<string, string>;
}

function policyIn(root: string): PolicyText {
  let source: string;
  try {
    source = readFileSync(join(root, 'src/guard/policy.cedar'), 'utf8');
  } catch {
    throw new Unreadable('src/guard/policy.cedar can’t be read');
  }
  const reasons = [...source.matchAll(/@id\("([^"]+)"\)\s+(?:@code\("[^"]*"\)\s+)?@reason\("([^"]+)"\)/g)].map(([, id = '', reason = '']) => [id, reason] as const);
  // As src/guard/policy.ts digests it, without an overlay of the customer's.
  return { digest: createHash('sha256').update(JSON.stringify([source, ''])).digest('hex'), reasons: new Map(reasons) };
}

const policiesText = (ids: readonly string[], reasons: PolicyText['reasons']): string =>
  ids.length === 0 ? 'no policy permits it' : ids.map((id) => `${lineOf(id)}${reasons.has(id) ? `: ${reasons.get(id)}` : ''}`).join(' | ');

const counts = (count: number): string => count.toLocaleString('en-GB');
const usd = (microUsd: number): string => `${(microUsd / 1_000_000).toFixed(6)} USD`;
const STATES: ReadonlyMap<string, string> = new Map([['pending', 'asked for'], ['denied', 'declined'], ['approved', 'approved'], ['executing', 'approved, and begun'], ['succeeded', 'done'], ['unknown', 'nobody knows what became of it'], ['killed', 'killed: Steward was stopped']]);

/** One record as a sentence. */
function sentenceFor(entry: Entry, among: readonly Entry[], records: Records, reasons: PolicyText['reasons']): string {
  const { event } = entry;
  const who = (digest: string): string => nameOf(records.named(digest, among));
  const tail = (code: string | undefined): string => (code === undefined ? '' : `: ${lineOf(code)}`);
  const about = records.partsOf(entry).flatMap(({ as, facts }) => (as !== 'target' ? [] : [`${lineOf(facts.name ?? 'a target')}${Object.entries(facts.arguments ?? {}).map(([name, value]) => `; ${lineOf(name)}: ${lineOf(value)}`).join('')}`]));
  const of = about.length === 0 ? '' : ` (${about.join(', ')})`;
  const sentence = ((): string => {
    switch (event.kind) {
      case 'start': return 'an instance started';
      case 'message': return `message from ${who(event.person)}${event.tainted ? ', with text of others in it' : ''}`;
      case 'model': return `model ${lineOf(event.model)}: ${counts(event.promptTokens)} tokens in, ${counts(event.completionTokens)} out, ${usd(event.costMicroUsd)}`;
      case 'plan': return `plan: ${event.steps.map(({ action, version }) => `${lineOf(action)} ${lineOf(version)}`).join(', then ') || 'no step'}${of}`;
      case 'decision': return `decision on ${lineOf(event.action)}: ${lineOf(event.decision)} (${policiesText(event.policies, reasons)})`;
      case 'refusal': return `refused to ${who(event.person)}: ${[event.code, ...event.details].map(lineOf).filter((part) => part !== '').join(', ')}`;
      case 'approval': {
        const because = records.partsOf(entry).find(({ as }) => as === 'approver')?.facts.reason;
        return `request ${lineOf(event.approval)} ${STATES.get(event.state) ?? lineOf(event.state)}${event.person === '' ? '' : ` by ${who(event.person)}`}${event.shown === undefined ? '' : `, on card ${lineOf(event.shown).slice(0, 8)}`}${event.state === 'pending' ? `; decided by ${event.by === 'requester' ? 'the requester' : `a ${lineOf(event.by)}`}` : ''}${tail(event.code ?? event.settled)}${because === undefined ? '' : `, because: ${lineOf(because)}`}${of}`;
      }
      case 'intent': return `about to run ${lineOf(event.action)} ${lineOf(event.version)} for ${who(event.requester)}${event.approver === undefined ? '' : `, approved by ${who(event.approver)}`} (${policiesText(event.policies, reasons)})`;
      case 'outcome': return `outcome: ${event.outcome === 'unknown' ? 'nobody knows' : lineOf(event.outcome)}${tail(event.code)}, after ${counts(event.durationMs)} ms${event.requestIds.length === 0 ? '' : `, request id ${event.requestIds.map(lineOf).join(', ')}`}`;
      case 'file': return `file of ${lineOf(event.action)}: ${lineOf(event.state)}${tail(event.code)}`;
      case 'answer': return event.refusal === undefined
        ? `answered ${who(event.person)} from ${[...new Set(event.passages.filter(({ hash }) => event.kept.some((kept) => kept.hash === hash)).map(({ article }) => lineOf(article)))].join(', ')}: ${counts(event.kept.length)} of ${counts(event.kept.length + event.dropped.length)} sentences kept (index ${lineOf(event.index.slice(0, 8))})`
        : `did not answer ${who(event.person)}: ${lineOf(event.refusal)}; ${counts(event.dropped.length)} sentences dropped (index ${lineOf(event.index.slice(0, 8))})`;
      case 'feedback': {
        const comment = records.partsOf(entry).find(({ as }) => as === 'requester')?.facts.reason;
        return `${event.reaction === 'like' ? 'found helpful' : 'found not helpful'} by ${who(event.person)}${comment === undefined ? '' : `: “${lineOf(comment)}”`}; told ${event.told.length === 0 ? 'nobody' : event.told.map(lineOf).join(', ')}`;
      }
      case 'reply': return event.withheld ? 'reply, of which something was withheld' : 'reply';
      case 'latch': return `latch ${lineOf(event.change)}: ${lineOf(event.level)}${event.scope === undefined ? '' : `, ${lineOf(event.scope)}`}, by ${who(event.person)}${event.confirmedBy === undefined ? '' : `, confirmed by ${who(event.confirmedBy)}`}`;
      case 'limit': return `limit of ${lineOf(event.action)} raised to ${counts(event.perHour)} an hour by ${who(event.person)}, confirmed by ${who(event.confirmedBy)}`;
      case 'records': return `records about ${event.person.slice(0, 8)}: ${lineOf(event.change)} ${lineOf(event.state)}, by ${who(event.by)}${event.confirmedBy === undefined ? '' : `, confirmed by ${who(event.confirmedBy)}`}${tail(event.code)}`;
      case 'sweep': return `an instance was there; the ledger is kept for ${counts(event.days)} days`;
      case 'retired': return `chain ${lineOf(event.chain)} with ${counts(event.records)} records taken away${event.last === undefined ? '' : `, the last one of ${lineOf(event.last)}`}, after ${counts(event.days)} days`;
      case 'spending': return `spending of ${lineOf(event.day)} raised to ${usd(event.toMicroUsd)} by ${who(event.person)}`;
    }
  })();
  return `${sentence} [${lineOf(entry.id)}]`;
}

/** What the instances that took part in it ran with, and what the models cost. */
function versionsOf(entries: readonly Entry[], records: Records, policyDigest: string): readonly string[] {
  const models = entries.flatMap(({ event }) => (event.kind === 'model' ? [event] : []));
  const sum = (of: (model: (typeof models)[number]) => number): number => models.reduce((total, model) => total + of(model), 0);
  const chains = new Map(entries.map((entry) => [entry.chain, entry]));
  const started = [...chains].flatMap(([chain, entry]) => {
    const start = records.startOf(entry)?.event;
    if (start === undefined) return [row('', `Chain ${lineOf(chain)} says nothing about what it ran with.`, 0)];
    const { catalogue, configuration, contract, deployment = '', knowledge = '', policy, robot = '', steward = '' } = start;
    const parts = Object.entries({ steward, robot, deployment, catalogue, policy, contract, knowledge, configuration }).filter(([, digest]) => digest !== '').map(([what, digest]) => `  ${what.padEnd(14)}${lineOf(digest).slice(0, 64)}`);
    return [row('', `Chain ${lineOf(chain)} ran with`, 0), ...parts, ...(policy === policyDigest ? [] : [row('', 'That policy is not the one of this checkout alone (another version, or an overlay): the sentences above are of this checkout.', 0)])];
  });
  return [...(models.length === 0 ? [] : [`Model: ${counts(models.length)} calls, ${counts(sum(({ promptTokens }) => promptTokens))} tokens in, ${counts(sum(({ completionTokens }) => completionTokens))} out, ${usd(sum(({ costMicroUsd }) => costMicroUsd))}`]), ...started];
}
