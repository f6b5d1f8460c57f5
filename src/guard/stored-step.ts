import type { Action } from '../actions/action.ts';
import type { Catalogue } from '../actions/catalogue.ts';
import type { Handle, Reference } from '../actions/handles.ts';
import { isReference, stepDigest, type Step } from '../actions/plan.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import type { ApprovalSubject, StepOutcome, StoredArgument, StoredStep } from './approval.ts';

/** Steps of an approval between their card and their execution: stored, restored, and marked with what became of them. */

/** `targetContext` are facts about the target for the card, fetched fresh. */
export function storeStep(step: Step, targetContext: readonly string[]): StoredStep {
  const stored = Object.entries(step.resolved).map(([name, value]): [string, StoredArgument] => [name, storeArgument(value)]);
  const { action, provenance } = step;
  return {
    action: action.name,
    version: action.version,
    arguments: Object.fromEntries(stored),
    ...(action.target !== undefined && { targetParameter: action.target }),
    provenance,
    digest: stepDigest(step),
    targetContext,
    outcome: 'waiting',
  };
}

/** What the gate and the executor take of a stored step. Fails with `APPROVAL_STALE` when its action or its target is gone. */
export function restoreStep(step: StoredStep, catalogue: Catalogue): Pick<Step, 'action' | 'resolved' | 'target'> {
  const action = catalogue.find(step.action);
  if (action?.version !== step.version) throw new StewardError('APPROVAL_STALE', 'the action changed after the request');
  const resolved = restoreArguments(step);
  if (step.targetParameter === undefined) return { action, resolved };
  const target = resolved[step.targetParameter];
  // Not only undefined or a text: a stored name like `constructor` is found on every object.
  if (!isReference(target)) throw new StewardError('APPROVAL_STALE', 'the stored step has lost its target');
  return { action, resolved, target };
}

/**
 * What an approval is bound to of a step: everything that was shown or will run. The digest is made of what is stored now,
 * not taken from the row: a row that was changed no longer matches its binding.
 */
export function bindStored(step: StoredStep): unknown {
  const digest = stepDigest({ action: { name: step.action, version: step.version } as Action, resolved: restoreArguments(step) });
  const labels = Object.entries(step.arguments).map(([name, value]) => [name, step.provenance[name] ?? '', 'label' in value ? value.label : ''] as const);
  return [digest, step.digest, step.targetParameter ?? '', labels.sort(([a], [b]) => (a < b ? -1 : 1)), step.targetContext];
}

/** Same, of everything that a request is about. */
export function bindSubject(subject: ApprovalSubject): unknown {
  switch (subject.kind) {
    case 'steps':
      return subject.steps.map(bindStored);
    case 'revive':
      return ['revive', subject.reason, subject.what, subject.stillStopped];
    case 'raise':
      return ['raise', subject.reason, subject.action, subject.perHour];
    case 'records':
      return ['records', subject.reason, subject.change, subject.person, subject.label, subject.context];
  }
}

export function withOutcome(steps: readonly StoredStep[], index: number, outcome: StepOutcome, problem?: StewardErrorCode): readonly StoredStep[] {
  return steps.map((step, at) => (at === index ? { ...step, outcome, ...(problem && { problem }) } : step));
}

/** After a crash: nobody knows about the step that ran, and those after it did not run. */
export function markInterrupted(subject: ApprovalSubject): ApprovalSubject {
  if (subject.kind !== 'steps') return subject;
  return { kind: 'steps', steps: subject.steps.map((step) => ({ ...step, outcome: INTERRUPTED[step.outcome] ?? step.outcome })) };
}

const INTERRUPTED: Partial<Record<StepOutcome, StepOutcome>> = { running: 'unknown', waiting: 'not run' };

function storeArgument(value: unknown): StoredArgument {
  if (isReference(value)) return { kind: value.kind, handle: value.handle, id: value.id, label: value.label };
  if (typeof value === 'number' || typeof value === 'boolean') return { value };
  if (typeof value === 'string') return { text: value };
  throw new StewardError('UNEXPECTED', 'an argument of a kind that no card shows');
}

function restoreArgument(stored: StoredArgument): string | number | boolean | Reference {
  if ('text' in stored) return stored.text;
  if ('value' in stored) return stored.value;
  return { kind: stored.kind, handle: stored.handle as Handle, id: stored.id, label: stored.label };
}

function restoreArguments(step: StoredStep): Record<string, string | number | boolean | Reference> {
  return Object.fromEntries(Object.entries(step.arguments).map(([name, value]) => [name, restoreArgument(value)] as const));
}
