/** Would the comparison notice? Each policy of the text dropped, or changed by one edit, and the questions that should tell. */
import { nearestQuestions, policyText, SecondOpinion, type Question } from './compare.ts';
import type { Answer } from './table.ts';

/** What the shipped policy answers to a question, and by which policies. */
export type Answers = ReadonlyMap<Question, { readonly kind: Answer; readonly policies: readonly string[] }>;

/** The shipped policy's answers to the questions around every "yes". */
export async function nearestAnswers(opinion: SecondOpinion): Promise<Answers> {
  const answers = new Map<Question, { readonly kind: Answer; readonly policies: readonly string[] }>();
  for (const question of nearestQuestions()) answers.set(question, await opinion.answer(question));
  return answers;
}

/** Every policy of the shipped text. */
export const policies: readonly { readonly id: string; readonly text: string }[] = [...policyText.matchAll(/^@id\("([^"]+)"\)[^]*?;$/gmu)].map(([text, id]) => ({ id: id ?? '', text }));

/** Whether the comparison finds the policy text wrong in which `mutant` stands in place of one policy. */
export async function notices(policy: { readonly id: string; readonly text: string }, mutant: string, answers: Answers): Promise<boolean> {
  const opinion = new SecondOpinion(policyText.replace(policy.text, () => mutant));
  for (const question of concernedBy(policy, answers)) {
    if ((await opinion.compare(question, undefined, [])).length > 0) return true;
  }
  return false;
}

/** A forbid concerns what it refused; a permit whatever is of its class. */
function concernedBy({ id, text }: { readonly id: string; readonly text: string }, answers: Answers): readonly Question[] {
  const all = [...answers.keys()];
  if (text.includes('\nforbid ')) return all.filter((question) => answers.get(question)?.policies.includes(id));
  const scopes = [...text.matchAll(/Action::"(\w+)"/gu)].map(([, name]) => name ?? '');
  return all.filter(({ action, facts }) => scopes.includes(action.name) || scopes.includes(facts.class.replaceAll(/[ -]/gu, '_')));
}

/** Ways to say less or more with one policy, one edit away. All of them are Cedar that Steward would start with. */
export function mutantsOf(text: string): readonly string[] {
  const everywhere = (pattern: RegExp, replace: (found: string) => readonly string[]): readonly string[] =>
    [...text.matchAll(pattern)].flatMap((match) => replace(match[0]).map((other) => text.slice(0, match.index) + other + text.slice(match.index + match[0].length)));
  /** The list, with each of its entries left out in turn. */
  const shorter = (entries: readonly string[], glue: string): readonly string[] => entries.map((_, index) => entries.filter((_entry, other) => other !== index).join(glue));
  const term = String.raw`(?:\([^()]*\)|!?[a-z]\w*(?:\.\w+)+)`;
  return [
    ...(text.includes('\npermit ') ? everywhere(/\nwhen \{[^}]*\}/gu, () => ['']) : []),
    ...everywhere(new RegExp(String.raw`${term}(?: \|\| ${term})+`, 'gu'), (found) => shorter(found.split(' || '), ' || ')),
    ...everywhere(/\[Action::[^\]]*\]/gu, (found) => shorter(found.slice(1, -1).split(', '), ', ').map((entry) => `[${entry}]`)),
    ...everywhere(/Action::"effect"/gu, () => ['Action::"destructive"']),
    ...everywhere(/context\.seconded/gu, () => ['context.confirmed']),
    ...everywhere(/context\.confirmed/gu, () => ['true']),
    ...everywhere(/Role::"\w+"/gu, () => ['Role::"approver"', 'Role::"admin"']),
    ...everywhere(/== "[a-z-]+"/gu, () => ['== "observe"']),
  ];
}
