import type { ApprovalRecord, ApprovalState, StoredStep } from '../../guard/approval.ts';
import { en } from '../wording/en.ts';
import { clientTime, expand, frame, heading, inert, richText, run, type CardContent, type Json } from './card.ts';

/** The verbs that a card may send back. They carry a reference and nothing else. */
export const approveVerb = 'steward/approve';
export const denyVerb = 'steward/deny';

const words = en.card;

const STEP: Json = {
  type: 'Container',
  $data: '${steps}',
  spacing: 'Medium',
  separator: '${separated}',
  items: [
    { type: 'TextBlock', text: '${title}', weight: 'Bolder', wrap: true, $when: '${several}' },
    { ...(richText(run('${label}: ', { weight: 'Bolder' }), run('${value}')) as object), $data: '${facts}', spacing: 'Small' },
    { type: 'TextBlock', text: '${consequence}', wrap: true, spacing: 'Small', $when: '${consequence != \'\'}' },
    { type: 'TextBlock', text: '${undo}', wrap: true, isSubtle: true, spacing: 'None', $when: '${undo != \'\'}' },
    { type: 'TextBlock', text: '${outcome}', wrap: true, weight: 'Bolder', spacing: 'Small', $when: '${outcome != \'\'}' },
  ],
};

const TEMPLATE = frame(
  words.fallback,
  [
    heading('${heading}'),
    { type: 'Container', style: '${stateStyle}', bleed: true, $when: '${stateText != \'\'}', items: [{ type: 'TextBlock', text: '${stateText}', wrap: true, weight: 'Bolder' }, { ...(richText(run('${outcome}')) as object), $when: '${outcome != \'\'}' }, { ...(richText(run('${stateDetail}', { isSubtle: true })) as object), $when: '${stateDetail != \'\'}' }] },
    STEP,
    richText(run(`${words.askedBy}: `, { weight: 'Bolder' }), run('${askedBy}')),
    { type: 'TextBlock', text: '${runsAtOnce}', wrap: true, $when: '${open}' },
    { type: 'TextBlock', text: '${expires}', wrap: true, isSubtle: true, spacing: 'None', $when: '${open}' },
  ],
);

/** The card of a request, in whatever state it is. Buttons exist only while it waits, and not for those who only look on. */
export function approvalCard(record: ApprovalRecord, { viewing = false } = {}): { readonly content: CardContent; readonly summary: string } {
  const what = titleOf(record);
  const open = record.state === 'pending';
  const head = open ? (record.by === 'requester' ? words.confirmTitle(what) : words.secondTitle(what)) : what;
  const state = describeState(record);
  const content = expand(TEMPLATE, {
    heading: head,
    stateText: open && !viewing ? '' : state.text,
    outcome: outcomeSentence(record),
    stateDetail: state.detail,
    stateStyle: state.style,
    steps: stepsOf(record),
    askedBy: inert(record.requesterName),
    open,
    runsAtOnce: record.by === 'requester' ? words.runsAtOnce : words.runsAtOnceSecond,
    expires: words.expires(clientTime(record.expiresAt)),
  });
  const summary = open ? words.summary(what) : `${what}: ${words.state[record.state]}`;
  return { content: open && !viewing ? { ...content, actions: buttons(record) } : content, summary };
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

function stepsOf(record: ApprovalRecord): readonly Readonly<Record<string, unknown>>[] {
  if (record.subject.kind === 'revive') {
    const facts = [{ label: en.kill.reason, value: inert(record.subject.reason, { whole: true }) }];
    return [{ title: en.kill.reviveTitle, several: false, separated: false, facts, consequence: '', undo: '', outcome: '' }];
  }
  const { steps } = record.subject;
  return steps.map((step, index) => {
    const wording = en.actions.get(step.action);
    const over = record.state !== 'pending';
    return {
      title: `${index + 1}. ${actionTitle(step.action)}`,
      several: steps.length > 1,
      separated: index > 0,
      facts: factsOf(step, record),
      consequence: over ? '' : (wording?.consequence ?? ''),
      undo: over && step.outcome !== 'done' ? '' : (wording?.undo ?? ''),
      outcome: outcomeOf(step, record.state, steps.length),
    };
  });
}

function factsOf(step: StoredStep, record: ApprovalRecord): readonly { readonly label: string; readonly value: string }[] {
  const from = record.by === 'requester' ? words.from : words.fromRequester;
  return Object.entries(step.arguments).flatMap(([name, value]) => {
    if ('text' in value) {
      const origin = step.provenance[name];
      return [{ label: words.argument[name] ?? name, value: `${inert(value.text, { whole: true })}${origin === undefined ? '' : ` (${from[origin]})`}` }];
    }
    const who = { label: words.who, value: inert(value.label) };
    return step.targetContext.length === 0 ? [who] : [who, { label: words.account, value: step.targetContext.map((fact) => inert(fact)).join(' · ') }];
  });
}

function outcomeOf(step: StoredStep, state: ApprovalState, count: number): string {
  if (state === 'pending' || state === 'denied' || state === 'expired' || state === 'withdrawn' || state === 'killed') return '';
  if (step.problem !== undefined) return en.errors[step.problem];
  if (count > 1) return `${mark(step.outcome)} ${words.step[step.outcome]}`;
  return step.outcome === 'observed' ? words.step.observed : '';
}

function mark(outcome: StoredStep['outcome']): string {
  const marks: Record<StoredStep['outcome'], string> = { waiting: '○', running: '…', done: '✓', failed: '✗', unknown: '?', 'not run': '–', observed: '○' };
  return marks[outcome];
}

function describeState(record: ApprovalRecord): { readonly text: string; readonly detail: string; readonly style: string } {
  const time = record.decidedAt === undefined ? '' : clientTime(record.decidedAt);
  const by = inert(record.decidedByName ?? '');
  switch (record.state) {
    case 'pending':
      return { text: `○ ${words.state.pending}`, detail: words.cancelHint, style: 'emphasis' };
    case 'approved':
    case 'executing':
      return { text: `… ${words.state[record.state]}`, detail: words.decidedBy(by, time), style: 'accent' };
    case 'succeeded':
      return { text: `✓ ${doneText(record)}`, detail: words.decidedBy(by, time), style: 'good' };
    case 'failed':
      return { text: `✗ ${words.state.failed}`, detail: record.decidedByName === undefined ? '' : `${words.decidedBy(by, time)}${begun(record) ? '' : `. ${words.interruptedBeforeStart}`}`, style: 'attention' };
    case 'unknown':
      return { text: `? ${words.state.unknown}`, detail: words.decidedBy(by, time), style: 'warning' };
    case 'denied':
      return { text: `✗ ${words.state.denied}`, detail: words.ended.denied(by), style: 'emphasis' };
    case 'expired':
    case 'withdrawn':
    case 'killed':
      return { text: `– ${words.state[record.state]}`, detail: words.ended[record.state], style: 'emphasis' };
  }
}

function doneText(record: ApprovalRecord): string {
  const observed = record.subject.kind === 'steps' && record.subject.steps.some((step) => step.outcome === 'observed');
  return observed ? words.step.observed : words.state.succeeded;
}

function begun(record: ApprovalRecord): boolean {
  return record.subject.kind !== 'steps' || record.subject.steps.some((step) => step.outcome !== 'waiting');
}

function actionTitle(action: string): string {
  return en.actions.get(action)?.title ?? action.replaceAll('_', ' ');
}
