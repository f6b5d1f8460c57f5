import type { ApprovalRecord, ApprovalState, StoredStep } from '../../guard/approval.ts';
import { en } from '../wording/en.ts';
import { banner, block, clientTime, expand, fact, frame, heading, inert, richText, run, subheading, type CardContent, type Json, type Tone } from './card.ts';

/** The verbs that a card may send back. They carry a reference and nothing else. */
export const approveVerb = 'steward/approve';
export const denyVerb = 'steward/deny';

const words = en.card;

/** Stands only when there is something to say. */
const when = (name: string, element: object): Json => ({ ...element, $when: `\${${name} != ''}` });

const FACT: Json = {
  ...fact('${label}', [richText(run('${value}', { weight: '${weight}' })), when('note', { ...(richText(run('${note}', { isSubtle: true })) as object), spacing: 'None' })]),
  $data: '${facts}',
};

const STEP: Json = {
  type: 'Container',
  $data: '${steps}',
  spacing: 'Medium',
  separator: '${separated}',
  items: [
    { ...(subheading('${title}') as object), spacing: 'None', $when: '${several}' },
    when('outcome', block('${outcome}', { weight: 'Bolder', spacing: 'None' }) as object),
    when('problem', block('${problem}', { spacing: 'None' }) as object),
    FACT,
  ],
};

const TEMPLATE = frame('${speak}', [
  banner(
    [
      block('${stateText}', { weight: 'Bolder' }),
      when('outcome', { ...(richText(run('${outcome}')) as object), spacing: 'Small' }),
      when('problem', block('${problem}', { spacing: 'Small' }) as object),
      when('detail', { ...(richText(run('${detail}')) as object), spacing: 'Small' }),
      // Apart from the name before it: what the client expands stands in text of ours only.
      when('time', block('${time}', { isSubtle: true, spacing: 'None' }) as object),
    ],
    '${tone}',
  ),
  heading('${heading}'),
  when('why', block('${why}', { spacing: 'Small' }) as object),
  STEP,
  { ...fact(words.askedBy, [richText(run('${askedBy}'))]), spacing: 'Medium', separator: true },
  { ...fact(words.when, [block('${runsAtOnce}')]), $when: '${open}' },
  { ...fact(words.validUntil, [block('${expires}')]), $when: '${open}' },
]);

/** The card of a request, in whatever state it is. Buttons exist only while it waits, and not for those who only look on. */
export function approvalCard(record: ApprovalRecord, { viewing = false } = {}): { readonly content: CardContent; readonly summary: string } {
  const what = titleOf(record);
  const open = record.state === 'pending';
  const decides = open && !viewing;
  const state = describeState(record, viewing);
  const summary = open ? words.summary(what) : `${what}: ${state.text}`;
  const content = expand(TEMPLATE, {
    speak: summary,
    heading: decides ? (record.by === 'requester' ? words.confirmTitle(what) : words.secondTitle(what)) : what,
    why: decides && record.by === 'second person' ? (record.subject.kind === 'revive' ? words.whySecondRevive : words.whySecond) : '',
    stateText: `${state.glyph} ${state.text}`,
    tone: state.tone,
    outcome: outcomeSentence(record),
    problem: state.problem ?? '',
    detail: state.detail ?? '',
    time: open || record.decidedAt === undefined ? '' : clientTime(record.decidedAt),
    steps: stepsOf(record),
    askedBy: inert(record.requesterName),
    open,
    runsAtOnce: record.by === 'requester' ? words.runsAtOnce : words.runsAtOnceSecond,
    expires: clientTime(record.expiresAt),
  });
  return { content: decides ? { ...content, actions: buttons(record) } : content, summary };
}

/** What one step is doing or did, in a sentence. Several steps say it each for themselves. */
function outcomeSentence(record: ApprovalRecord): string {
  if (record.subject.kind !== 'steps' || record.subject.steps.length !== 1) return '';
  const [step] = record.subject.steps;
  const wording = en.actions.get(step?.action ?? '');
  const target = step?.arguments[step.targetParameter ?? ''];
  const who = target !== undefined && 'label' in target ? inert(target.label) : '';
  if (record.state === 'approved' || record.state === 'executing') return wording?.running?.(who) ?? '';
  return step?.outcome === 'done' ? (wording?.done?.(who) ?? '') : '';
}

function buttons(record: ApprovalRecord): readonly Json[] {
  const data = { reference: record.reference };
  const confirm = record.subject.kind === 'revive' ? en.kill.reviveButton : buttonOf(record);
  return [
    { type: 'Action.Execute', title: confirm, verb: approveVerb, data, style: record.subject.kind === 'revive' ? 'positive' : 'destructive' },
    { type: 'Action.Execute', title: words.deny, verb: denyVerb, data },
  ];
}

function buttonOf(record: ApprovalRecord): string {
  const general = record.by === 'requester' ? words.confirm : words.approve;
  if (record.subject.kind !== 'steps' || record.subject.steps.length !== 1) return general;
  const [step] = record.subject.steps;
  return en.actions.get(step?.action ?? '')?.button ?? general;
}

/** What the request is about, in a few words of ours. */
export function titleOf(record: ApprovalRecord): string {
  if (record.subject.kind === 'revive') return en.kill.reviveTitle;
  const [first, second] = record.subject.steps;
  if (first === undefined || second !== undefined) return words.severalSteps(record.subject.steps.length);
  return actionTitle(first.action);
}

interface Fact {
  readonly label: string;
  readonly value: string;
  readonly weight: 'Bolder' | 'Default';
  readonly note: string;
}

const plainFact = (label: string, value: string, note = ''): Fact => ({ label, value, weight: 'Default', note });

/** Whole, and between quotation marks: without colours too, it is plain where their words end and ours begin. */
const quoted = (text: string): string => `“${inert(text, { whole: true })}”`;

function stepsOf(record: ApprovalRecord): readonly Readonly<Record<string, unknown>>[] {
  if (record.subject.kind === 'revive') {
    const facts = [plainFact(en.kill.reason, quoted(record.subject.reason))];
    return [{ title: en.kill.reviveTitle, several: false, separated: false, facts, outcome: '', problem: '' }];
  }
  const { steps } = record.subject;
  const several = steps.length > 1;
  return steps.map((step, index) => ({
    title: `${index + 1}. ${actionTitle(step.action)}`,
    several,
    separated: index > 0,
    facts: [...argumentsOf(step, record), ...consequencesOf(step, record)],
    // One step says it on the banner.
    outcome: several && begunStates.has(record.state) ? `${mark(step.outcome)} ${words.step[step.outcome]}` : '',
    problem: several && begunStates.has(record.state) && step.problem !== undefined ? en.errors[step.problem] : '',
  }));
}

function argumentsOf(step: StoredStep, record: ApprovalRecord): readonly Fact[] {
  const from = record.by === 'requester' ? words.from : words.fromRequester;
  return Object.entries(step.arguments).map(([name, value]): Fact => {
    if ('text' in value) {
      const origin = step.provenance[name];
      return plainFact(words.argument[name] ?? name, quoted(value.text), origin === undefined ? '' : from[origin]);
    }
    // With what tells namesakes apart right below.
    const context = name === step.targetParameter ? step.targetContext : [];
    return { label: words.things[value.kind], value: inert(value.label), weight: 'Bolder', note: context.map((each) => inert(each)).join(' · ') };
  });
}

/** What it does, and whether it can be taken back: while that is a question, and when it has become true. */
function consequencesOf(step: StoredStep, record: ApprovalRecord): readonly Fact[] {
  const wording = en.actions.get(step.action);
  const open = record.state === 'pending';
  const effect = open && wording?.consequence !== undefined ? [plainFact(words.effect, wording.consequence)] : [];
  const undo = (open || step.outcome === 'done') && wording?.undo !== undefined ? [plainFact(words.undo, wording.undo)] : [];
  return [...effect, ...undo];
}

const begunStates: ReadonlySet<ApprovalState> = new Set<ApprovalState>(['approved', 'executing', 'succeeded', 'failed', 'unknown']);

function mark(outcome: StoredStep['outcome']): string {
  const marks: Record<StoredStep['outcome'], string> = { waiting: '○', running: '…', done: '✓', failed: '✗', unknown: '?', 'not run': '–', observed: '○' };
  return marks[outcome];
}

interface Standing {
  readonly glyph: string;
  readonly text: string;
  readonly tone: Tone;
  /** Who decided, or why nobody did. May hold a name. */
  readonly detail?: string;
  /** Why it did not work. Words of ours. */
  readonly problem?: string;
}

function describeState(record: ApprovalRecord, viewing: boolean): Standing {
  const by = inert(record.decidedByName ?? '');
  const detail = record.decidedByName === undefined ? '' : words.decidedBy[record.by](by);
  const text = words.state[record.state];
  switch (record.state) {
    case 'pending':
      return { glyph: '○', text: words.waiting[record.by], tone: 'emphasis', detail: viewing ? words.cancelHint : '' };
    case 'approved':
    case 'executing':
      return { glyph: '▷', text, tone: 'accent', detail };
    case 'succeeded':
      return isObserved(record) ? { glyph: '○', text: words.observed, tone: 'warning', detail } : { glyph: '✓', text, tone: 'good', detail };
    case 'failed':
      return { glyph: '✗', text: isPartlyDone(record) ? words.partly : text, tone: 'attention', detail, problem: begun(record) ? problemOf(record) : words.interruptedBeforeStart };
    case 'unknown':
      return { glyph: '?', text, tone: 'warning', detail, problem: problemOf(record) };
    case 'denied':
      return { glyph: '✗', text, tone: 'emphasis', detail: words.ended.denied(by) };
    case 'expired':
    case 'withdrawn':
    case 'killed':
      return { glyph: '–', text, tone: 'emphasis', detail: words.ended[record.state] };
  }
}

/** Why the only step did not work. Several steps say it each for themselves. */
function problemOf({ subject }: ApprovalRecord): string {
  const [step, ...others] = subject.kind === 'steps' ? subject.steps : [];
  return step?.problem === undefined || others.length > 0 ? '' : en.errors[step.problem];
}

function isPartlyDone({ subject }: ApprovalRecord): boolean {
  return subject.kind === 'steps' && subject.steps.some((step) => step.outcome === 'done');
}

function isObserved({ subject }: ApprovalRecord): boolean {
  return subject.kind === 'steps' && subject.steps.some((step) => step.outcome === 'observed');
}

function begun(record: ApprovalRecord): boolean {
  return record.subject.kind !== 'steps' || record.subject.steps.some((step) => step.outcome !== 'waiting');
}

function actionTitle(action: string): string {
  return en.actions.get(action)?.title ?? action.replaceAll('_', ' ');
}
