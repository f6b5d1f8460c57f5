import type { ApprovalRecord, ApprovalState, SentCard, StoredStep } from '../../guard/approval.ts';
import { actionTitle, en } from '../wording/en.ts';
import { banner, block, clientTime, expand, fact, frame, heading, inert, richText, run, subheading, type CardContent, type Json, type Tone } from './card.ts';
import { plainFact, quoted, type Fact } from './facts.ts';
import { recordsFacts } from './records.ts';
import { revivalFacts, revivedBy, reviveTitle } from './revival.ts';

/** The verbs that a card may send back. They carry a reference and nothing else. */
export const approveVerb = 'steward/approve';
export const denyVerb = 'steward/deny';
export const withdrawVerb = 'steward/withdraw';
export const undoVerb = 'steward/undo';
export const settleDoneVerb = 'steward/settle-done';
export const settleNotDoneVerb = 'steward/settle-not-done';
/** The input in which a second person may say why not. */
export const denyReasonInput = 'denyReason';
export const MOST_DENY_REASON_CHARACTERS = 300;

const words = en.card;

/** Stands only when there is something to say. */
const when = (name: string, element: object): Json => ({ ...element, $when: `\${${name} != ''}` });

const FACT: Json = {
  ...fact('${label}', [richText(run('${value}', { weight: '${weight}' })), when('note', { ...(richText(run('${note}', { isSubtle: true })) as object), spacing: 'None' })]),
  $data: '${facts}',
};

/** One of several whom one action is about: who, with what tells namesakes apart, and what became of it. */
const TARGET: Json = {
  type: 'Container',
  $data: '${targets}',
  spacing: 'Small',
  items: [
    richText(run('${mark}'), run('${name}', { weight: 'Bolder' }), run('${outcome}'), run('${context}', { isSubtle: true })),
    when('problem', block('${problem}', { spacing: 'None' }) as object),
  ],
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
    TARGET,
    // Below many names what holds for all of them stands apart.
    { type: 'Container', items: [FACT], spacing: '${gap}', separator: '${many}', $when: '${count(facts) > 0}' },
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

/**
 * The card of a request, in whatever state it is, for those who decide it, those who only look on, and admins who say what
 * became of it. Each has only the buttons that count for them, and only while they do.
 */
export function approvalCard(record: ApprovalRecord, { purpose = 'decide' }: { readonly purpose?: SentCard['purpose'] } = {}): { readonly content: CardContent; readonly summary: string } {
  const what = titleOf(record);
  const open = record.state === 'pending';
  const decides = open && purpose === 'decide';
  const state = describeState(record, purpose);
  const summary = open ? words.summary(what) : `${what}: ${state.text}`;
  const content = expand(TEMPLATE, {
    speak: summary,
    heading: decides ? (record.by === 'requester' ? words.confirmTitle(what) : words.secondTitle(what)) : purpose === 'settle' && isUnsettled(record) ? words.settleTitle(what) : what,
    why: whyOf(record, purpose),
    stateText: `${state.glyph} ${state.text}`,
    tone: state.tone,
    outcome: outcomeSentence(record),
    problem: state.problem ?? '',
    detail: state.detail ?? '',
    time: open || record.decidedAt === undefined ? '' : clientTime(record.decidedAt),
    steps: stepsOf(record, purpose),
    askedBy: inert(record.requesterName),
    open,
    runsAtOnce: purpose === 'look' ? words.runsAtOnceOthers : record.by === 'requester' ? words.runsAtOnce : words.runsAtOnceSecond,
    expires: clientTime(record.expiresAt),
  });
  const inputs = decides && record.by === 'second person' && record.subject.kind !== 'revive' ? [DENY_REASON] : [];
  const body = content['body'] as readonly Json[];
  const actions = buttonsOf(record, purpose);
  return { content: { ...content, body: [...body, ...inputs], ...(actions.length > 0 && { actions }) }, summary };
}

const DENY_REASON: Json = { type: 'Input.Text', id: denyReasonInput, label: words.denyReason, maxLength: MOST_DENY_REASON_CHARACTERS, isRequired: false, spacing: 'Medium' };

/** Why this person is asked, where it is not their own request. */
function whyOf(record: ApprovalRecord, purpose: SentCard['purpose']): string {
  if (purpose === 'settle') return isUnsettled(record) ? words.whySettle : '';
  if (record.state !== 'pending' || purpose !== 'decide' || record.by !== 'second person') return '';
  return { steps: words.whySecond, revive: words.whySecondRevive, raise: words.whySecondRaise, records: words.whySecondRecords }[record.subject.kind];
}

function isUnsettled({ settlement, state }: ApprovalRecord): boolean {
  return state === 'unknown' && settlement === undefined;
}

/** What one step is doing or did, in a sentence. Several steps say it each for themselves, and here how many are done. */
function outcomeSentence(record: ApprovalRecord): string {
  if (record.subject.kind !== 'steps') return '';
  const { steps } = record.subject;
  const [step, ...others] = steps;
  if (others.length > 0) {
    const done = steps.filter(({ outcome }) => outcome === 'done').length;
    return done > 0 && begunStates.has(record.state) ? words.progress(done, steps.length) : '';
  }
  const wording = en.actions.get(step?.action ?? '');
  const target = step?.arguments[step.targetParameter ?? ''];
  const who = target !== undefined && 'label' in target ? inert(target.label) : '';
  if (record.state === 'approved' || record.state === 'executing') return wording?.running?.(who) ?? '';
  return step?.outcome === 'done' ? (wording?.done?.(who) ?? '') : '';
}

function buttonsOf(record: ApprovalRecord, purpose: SentCard['purpose']): readonly Json[] {
  const data = { reference: record.reference };
  const execute = (title: string, verb: string): Json => ({ type: 'Action.Execute', title, verb, data });
  if (purpose === 'settle') return isUnsettled(record) ? [execute(words.settleDone, settleDoneVerb), execute(words.settleNotDone, settleNotDoneVerb)] : [];
  if (record.state === 'pending') return purpose === 'look' ? [execute(words.withdraw, withdrawVerb)] : decisionButtons(record);
  // Where the requester sees it: whoever else clicked could not take it back here.
  const isRequesters = purpose === 'look' || record.by === 'requester';
  return isRequesters && isUndoable(record) ? [execute(words.undoButton, undoVerb)] : [];
}

function isUndoable({ state, subject }: ApprovalRecord): boolean {
  return (state === 'succeeded' || state === 'failed' || state === 'unknown') && subject.kind === 'steps' && subject.steps.some((step) => step.outcome === 'done' && en.actions.get(step.action)?.reversible === true);
}

function decisionButtons(record: ApprovalRecord): readonly Json[] {
  const data = { reference: record.reference };
  return [
    { type: 'Action.Execute', title: buttonOf(record), verb: approveVerb, data, style: isDestructive(record) ? 'destructive' : 'positive' },
    { type: 'Action.Execute', title: words.deny, verb: denyVerb, data },
  ];
}

function isDestructive({ subject }: ApprovalRecord): boolean {
  return subject.kind === 'steps' || (subject.kind === 'records' && subject.change === 'erase');
}

function buttonOf({ by, subject }: ApprovalRecord): string {
  const general = by === 'requester' ? words.confirm : words.approve;
  switch (subject.kind) {
    case 'revive':
      return en.kill.reviveButton;
    case 'raise':
      return en.raise.button;
    case 'records':
      return en.records.buttons[subject.change];
    case 'steps': {
      const [step, ...others] = subject.steps;
      return others.length > 0 ? general : (en.actions.get(step?.action ?? '')?.button ?? general);
    }
  }
}

/** What the request is about, in a few words of ours. */
export function titleOf(record: ApprovalRecord): string {
  if (record.subject.kind === 'revive') return reviveTitle(record.subject.what);
  if (record.subject.kind === 'raise') return en.raise.title(actionTitle(record.subject.action));
  if (record.subject.kind === 'records') return en.records.titles[record.subject.change];
  const { steps } = record.subject;
  const [first, second] = steps;
  if (first !== undefined && second !== undefined && isOneAction(steps)) return words.severalTargets(actionTitle(first.action), steps.length);
  if (first === undefined || second !== undefined) return words.severalSteps(steps.length);
  return actionTitle(first.action);
}

/** Whom a request is about, made inert. */
export function whomOf({ subject }: ApprovalRecord): string {
  if (subject.kind === 'revive' && subject.what.scope === 'person') return inert(subject.what.label);
  if (subject.kind === 'records') return inert(subject.label);
  if (subject.kind !== 'steps') return '';
  const [first, ...others] = new Set(subject.steps.flatMap((step) => Object.values(step.arguments).flatMap((value) => ('label' in value ? [inert(value.label)] : []))));
  return first === undefined ? '' : others.length === 0 ? first : en.andOthers(first, others.length);
}

/** What became of a request, in a sentence for the person who asked. The words of others stay on the card. */
export function outcomeOf(record: ApprovalRecord): string {
  const sentence = words.outcome(titleOf(record), whomOf(record), describeState(record, 'look').text);
  return record.denyReason === undefined ? sentence : `${sentence} ${words.reasonOnCard}`;
}

/** A request that is about one thing. */
const ALONE = { targets: [], several: false, separated: false, many: false, gap: 'None', outcome: '', problem: '' };

function stepsOf(record: ApprovalRecord, purpose: SentCard['purpose']): readonly Readonly<Record<string, unknown>>[] {
  if (record.subject.kind === 'revive') {
    return [{ ...ALONE, title: titleOf(record), facts: revivalFacts(record.subject) }];
  }
  if (record.subject.kind === 'raise') {
    const facts = [plainFact(en.kill.reason, quoted(record.subject.reason)), plainFact(words.effect, en.raise.consequence(record.subject.perHour))];
    return [{ ...ALONE, title: titleOf(record), facts }];
  }
  if (record.subject.kind === 'records') return [{ ...ALONE, title: titleOf(record), facts: recordsFacts(record.subject, record.state) }];
  const { steps } = record.subject;
  const [one] = steps;
  if (one !== undefined && steps.length > 1 && isOneAction(steps)) {
    const shared = { ...one, arguments: Object.fromEntries(Object.entries(one.arguments).filter(([name]) => name !== one.targetParameter)), outcome: steps.some(({ outcome }) => outcome === 'done') ? ('done' as const) : one.outcome };
    return [{ ...ALONE, many: true, gap: 'Medium', title: actionTitle(one.action), targets: steps.map((step) => targetOf(step, record)), facts: [...argumentsOf(shared, record, purpose), ...consequencesOf(shared, record)] }];
  }
  const several = steps.length > 1;
  return steps.map((step, index) => ({
    ...ALONE,
    title: `${index + 1}. ${actionTitle(step.action)}`,
    several,
    separated: index > 0,
    facts: [...argumentsOf(step, record, purpose), ...consequencesOf(step, record)],
    // One step says it on the banner.
    outcome: several && begunStates.has(record.state) ? Object.values(outcomeOfStep(step)).join(' ') : '',
    problem: several && begunStates.has(record.state) && step.problem !== undefined ? en.errors[step.problem] : '',
  }));
}

function argumentsOf(step: StoredStep, record: ApprovalRecord, purpose: SentCard['purpose']): readonly Fact[] {
  const isRequesters = (record.by === 'requester' && purpose === 'decide') || purpose === 'look';
  const from = isRequesters ? words.from : words.fromRequester;
  return Object.entries(step.arguments).map(([name, value]): Fact => {
    if ('text' in value) {
      const origin = step.provenance[name];
      return plainFact(words.argument[name] ?? name, quoted(value.text), origin === undefined ? '' : from[origin]);
    }
    if ('value' in value) return plainFact(words.argument[name] ?? name, typeof value.value === 'boolean' ? words.flag(value.value) : String(value.value));
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

function outcomeOfStep({ action, outcome }: StoredStep): Pick<Standing, 'glyph' | 'text'> {
  const accepted = outcome === 'done' ? en.actions.get(action)?.accepted : undefined;
  return accepted === undefined ? { glyph: mark(outcome), text: words.step[outcome] } : { glyph: '▷', text: accepted.toLowerCase() };
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

function describeState(record: ApprovalRecord, purpose: SentCard['purpose']): Standing {
  const by = inert(record.decidedByName ?? '');
  const detail = record.decidedByName === undefined ? '' : record.subject.kind === 'revive' ? revivedBy(record, by) : words.decidedBy[record.by](by);
  const text = words.state[record.state];
  switch (record.state) {
    case 'pending':
      return { glyph: '○', text: words.waiting[record.by], tone: 'emphasis', detail: purpose === 'look' ? words.cancelHint : '' };
    case 'approved':
    case 'executing':
      return { glyph: '▷', text, tone: 'accent', detail };
    case 'succeeded':
      if (isObserved(record)) return { glyph: '○', text: words.observed, tone: 'warning', detail };
      return { ...(acceptedText(record) ?? { glyph: '✓', text }), tone: 'good', detail };
    case 'failed':
      return { glyph: '✗', text: isPartlyDone(record) ? words.partly : text, tone: 'attention', detail, problem: begun(record) ? problemOf(record) : words.interruptedBeforeStart };
    case 'unknown':
      if (record.settlement !== undefined) {
        const { byName, outcome } = record.settlement;
        return { glyph: outcome === 'done' ? '✓' : '✗', text: words.settled[outcome], tone: outcome === 'done' ? 'good' : 'attention', detail: words.settledBy(inert(byName)) };
      }
      return { glyph: '?', text, tone: 'warning', detail, problem: problemOf(record) || words.unknownNext };
    case 'denied':
      return { glyph: '✗', text, tone: 'emphasis', detail: words.ended.denied(by) + (record.denyReason === undefined ? '' : ` ${words.deniedBecause(quoted(record.denyReason))}`) };
    case 'expired':
    case 'withdrawn':
    case 'killed':
      return { glyph: '–', text, tone: 'emphasis', detail: words.ended[record.state] };
  }
}

/** What stands for “Done” where a system took the order and carries it out by itself. */
function acceptedText({ subject }: ApprovalRecord): Pick<Standing, 'glyph' | 'text'> | undefined {
  const [text, ...others] = subject.kind === 'steps' ? new Set(subject.steps.map(({ action }) => en.actions.get(action)?.accepted)) : [];
  return text === undefined || others.length > 0 ? undefined : { glyph: '▷', text };
}

/** Why the only step did not work. Several steps say it each for themselves. */
function problemOf({ state, subject }: ApprovalRecord): string {
  if (subject.kind === 'records' && state === 'failed') return en.records.overtaken;
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

/** Several steps that differ in nothing but whom they are about: people read what is the same once. */
function isOneAction(steps: readonly StoredStep[]): boolean {
  const shape = ({ action, arguments: given, provenance, targetParameter, version }: StoredStep): string =>
    JSON.stringify([action, version, targetParameter, provenance, Object.entries(given).map(([name, value]) => [name, 'text' in value ? value.text : 'value' in value ? value.value : ''])]);
  const [first] = steps;
  return first !== undefined && Object.values(first.arguments).filter((value) => 'id' in value).length === 1 && steps.every((step) => shape(step) === shape(first));
}

function targetOf(step: StoredStep, record: ApprovalRecord): Readonly<Record<string, string>> {
  const target = step.arguments[step.targetParameter ?? ''];
  const shows = begunStates.has(record.state);
  const context = step.targetContext.map((each) => inert(each)).join(' · ');
  return {
    mark: shows ? `${outcomeOfStep(step).glyph} ` : '• ',
    name: target !== undefined && 'label' in target ? inert(target.label) : '',
    context: context === '' ? '' : `  ${context}`,
    outcome: shows ? ` (${outcomeOfStep(step).text})` : '',
    problem: shows && step.problem !== undefined ? en.errors[step.problem] : '',
  };
}
