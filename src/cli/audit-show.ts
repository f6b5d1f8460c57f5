import { Records, type Ending, type Named, type Story } from '../audit/story.ts';
import { readCopy } from './audit-copy.ts';
import { heading, jsonOf, lineOf, nameOf, row, secondOf, timeOfDay } from './audit-text.ts';
import { Misuse, short, typedOf, wordsOf } from './audit-words.ts';
import type { ExitStatus, Output } from './command.ts';

/** `steward audit show`: who did what to whom, when, why, and who approved it. */

export const SHOW_USAGE = `steward audit show DIRECTORY             what was done and asked for, the newest last; checks the copy first
  --person TEXT --action NAME            only what concerns somebody (part of a name, or of a digest), or one action
  --last N                               so many of them: 10 on the screen, all with --json and --csv
  --json | --csv                         one JSON document, or a table (RFC 4180); also takes --checkpoint and --key
`;

const SHOWN = 10;

/** 0: it holds. 1: it does not. Fails with `Misuse` and `Unreadable`. */
export async function showCommand(given: readonly string[], { print }: Pick<Output, 'print'>): Promise<ExitStatus> {
  const { options, words } = wordsOf(given, ['--checkpoint', '--key', '--json', '--csv', '--person', '--action', '--last']);
  const typed = typedOf('show', words, options);
  const [json, csv, last, person, action] = [options.has('--json'), options.has('--csv'), options.get('--last'), options.get('--person'), options.get('--action')];
  if (json && csv) throw new Misuse('--json or --csv, not both');
  if (last !== undefined && !/^[1-9]\d{0,6}$/.test(last)) throw new Misuse(`\`--last\` needs a number, and \`${short(last)}\` is none`);
  const [copy, { catalogue }] = await Promise.all([readCopy(typed), import('../actions/catalogue.ts')]);
  const records = new Records(copy.entries, copy.opened ?? []);
  // What the catalogue has no more may have changed something.
  const all = records.stories((name) => catalogue.find(name)?.effect === 'read').filter((story) => (action === undefined || story.action === action) && (person === undefined || concerns(story, person)));
  const most = last === undefined ? (json || csv ? all.length : SHOWN) : Number(last);
  const stories = most === 0 ? [] : all.slice(-most);
  if (json) print(jsonOf({ holds: copy.verdict.holds, findings: copy.verdict.findings, names: records.sealed, all: all.length, stories }));
  else if (csv) print(csvOf(stories));
  else print(`${[heading(copy, records).join('\n'), ...(stories.length < all.length ? [`The last ${stories.length} of ${all.length}.`] : []), ...(all.length === 0 ? ['Nothing of that kind was done or asked for.'] : stories.map(blockOf))].join('\n\n')}\n`);
  return copy.verdict.holds ? 0 : 1;
}

function concerns({ decider, requester, target }: Story, text: string): boolean {
  const wanted = fold(text);
  const digest = text.replace(/^person /, '');
  return [target, requester, decider].some((each) => each !== undefined && ((each.digest !== '' && digest.length >= 4 && each.digest.startsWith(digest.toLowerCase())) || [each.name ?? '', ...each.context].some((part) => fold(part).includes(wanted))));
}

const fold = (text: string): string => lineOf(text).normalize('NFKC').toLowerCase();

const ENDINGS: Readonly<Record<Ending, string>> = {
  done: 'done', observed: 'not done: observed only', failed: 'failed', unknown: 'nobody knows', open: 'nobody knows: no outcome was recorded', waiting: 'waits for a decision, or the end is missing', approved: 'approved; whether it began is not recorded',
  declined: 'declined', expired: 'expired', withdrawn: 'withdrawn', killed: 'killed: Steward was stopped', refused: 'refused', other: 'ended in a way that this version does not know',
};
export const endingOf = ({ code, ending }: Pick<Story, 'code' | 'ending'>): string => `${ENDINGS[ending]}${code === undefined ? '' : `: ${lineOf(code)}`}`;

const withContext = (named: Named, what?: string): string => `${nameOf(named, what)}${named.context.length === 0 ? '' : ` (${named.context.map(lineOf).join(', ')})`}`;

/** Who says that they said it: `your words` are the requester's. */
const fromOf = (from: string | undefined): string => (from === undefined ? '' : from === 'your words' ? ' (their own words)' : ` (${lineOf(from)})`);

function blockOf(story: Story): string {
  const { action, approval, askedAt, at, decider, policies, reason, reasonFrom, reference, requester, requestIds, target, version } = story;
  const head = [secondOf(at), `${lineOf(action)}${version === '' ? '' : ` ${lineOf(version)}`}`, ...(target ? [withContext(target, 'target')] : []), endingOf(story)].join('  ');
  return [
    row('', head, 0),
    ...(requester ? [row('  asked by', `${withContext(requester)}${askedAt === undefined ? '' : `, ${timeOfDay(askedAt)}`}`)] : []),
    ...(reason === undefined ? [] : [row('  reason', `${lineOf(reason)}${fromOf(reasonFrom)}`)]),
    ...(decider ? [row(decider.declined ? '  declined by' : '  approved by', `${withContext(decider)}, ${timeOfDay(decider.at)}, on the card${decider.because === undefined ? '' : `: ${lineOf(decider.because)}`}`)] : []),
    // What Steward changes about itself asks no policy: it takes two people, by code.
    ...(version === '' && policies.length === 0 ? [] : [row('  decided by', policies.length === 0 ? 'no policy that permits it' : `policy ${policies.map(lineOf).join(', ')}`)]),
    row('  reference', `${lineOf(reference)}${approval === undefined ? '' : `, request ${lineOf(approval)}`}`),
    ...(requestIds.length === 0 ? [] : [row('  request id', requestIds.map(lineOf).join(', '))]),
  ].join('\n');
}

const HEADS = ['at', 'action', 'version', 'outcome', 'code', 'target', 'target context', 'target digest', 'requester', 'requester context', 'requester digest', 'asked at', 'reason', 'reason from', 'decision', 'decider', 'decider digest', 'decided at', 'decline reason', 'policies', 'reference', 'request', 'request ids'];

function csvOf(stories: readonly Story[]): string {
  const rows = stories.map(({ decider, requester, target, ...story }) => [
    story.at, story.action, story.version, story.ending, story.code,
    target?.name, target?.context.join(', '), target?.digest, requester?.name, requester?.context.join(', '), requester?.digest, story.askedAt, story.reason, story.reasonFrom,
    decider && (decider.declined ? 'declined' : 'approved'), decider?.name, decider?.digest, decider?.at, decider?.because,
    story.policies.join(' '), story.reference, story.approval, story.requestIds.join(' '),
  ]);
  return [HEADS, ...rows].map((cells) => `${cells.map((cell) => cellOf(cell ?? '')).join(',')}\r\n`).join('');
}

/** A spreadsheet takes a cell that begins with one of these for a formula (OWASP, “CSV Injection”): made text, before anything is cut away. */
function cellOf(text: string): string {
  const line = lineOf(text);
  const inert = /^[=+\-@\t\r]/.test(text) || /^[=+\-@＝＋－＠]/.test(line) ? `'${line}` : line;
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
