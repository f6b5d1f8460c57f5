import type { DigestKey } from '../audit/record.ts';
import type { PersonalFacts, Said } from '../audit/sealed.ts';
import { isReference, stepDigest, type Step } from '../actions/plan.ts';
import type { StoredStep } from './approval.ts';
import type { PersonFacts } from './ports.ts';

/** What the ledger says about people, to be sealed (`src/audit/sealed.ts`): names and arguments, and no id. */

/** Who asked, and what each step of a plan is about. */
export function saidOfPlan(requester: PersonFacts, steps: readonly Pick<Step, 'action' | 'resolved' | 'target'>[], digestKey: DigestKey): readonly Said[] {
  return [saidOf('requester', requester, digestKey), ...steps.map((step) => saidOfStep(requester, step, digestKey))];
}

/** Who asked, or who decided, and what they gave as their reason. */
export function saidOf(as: 'requester' | 'approver', person: PersonFacts, digestKey: DigestKey, reason?: string): Said {
  const { department, displayName, id, jobTitle, userPrincipalName } = person;
  const context = [jobTitle, department, userPrincipalName].filter((fact) => fact !== undefined);
  return { as, person: digestKey.digest(id.digest()), facts: { name: displayName, context, ...(reason !== undefined && { reason }) } };
}

/** What told the target of a step from its namesakes, on the card that was shown. */
export function saidOfTarget(requester: PersonFacts, step: StoredStep, digestKey: DigestKey): Said {
  const target = step.targetParameter === undefined ? undefined : step.arguments[step.targetParameter];
  const isPerson = target !== undefined && 'id' in target && target.kind === 'person';
  const name = target !== undefined && 'label' in target ? target.label : undefined;
  return { as: 'target', person: digestKey.digest((isPerson ? target.id : requester.id).digest()), facts: { step: step.digest, ...(name !== undefined && { name }), context: step.targetContext } };
}

/** Under the key of the person whom it is about, else of the one who asked: a device or a ticket has none. */
function saidOfStep(requester: PersonFacts, step: Pick<Step, 'action' | 'resolved' | 'target'>, digestKey: DigestKey): Said {
  const { resolved, target } = step;
  const whose = target?.kind === 'person' ? target.id : requester.id;
  const facts: PersonalFacts = { step: stepDigest(step), ...(target && { name: target.label }), arguments: inWords(resolved) };
  return { as: 'target', person: digestKey.digest(whose.digest()), facts };
}

function inWords(resolved: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(resolved).map(([name, value]) => [name, isReference(value) ? value.label : String(value)]));
}
