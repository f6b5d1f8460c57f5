import type { ApprovalRecord, ApprovalSubject, ReviveWhat } from '../../guard/approval.ts';
import { actionTitle, en } from '../wording/en.ts';
import { inert } from './card.ts';
import { plainFact, quoted, type Fact } from './facts.ts';

const words = en.kill;

/** What is to be revived, without a name: titles stand in notifications too. */
export function reviveTitle(what: ReviveWhat): string {
  return what.scope === 'action' ? words.reviveTitles.action(actionTitle(what.key)) : words.reviveTitles[what.scope];
}

/** Whom a revival is about, what holds after it, what stays stopped all the same, and why it is asked for. */
export function revivalFacts({ reason, stillStopped, what }: Extract<ApprovalSubject, { kind: 'revive' }>): readonly Fact[] {
  const who: Fact[] = what.scope === 'person' ? [{ label: en.card.things.person, value: inert(what.label) || en.status.somebody, weight: 'Bolder', note: '' }] : [];
  const stays = stillStopped.length === 0 ? [] : [plainFact(words.stays, stillStopped.map((each) => inert(each)).join(', '))];
  return [...who, plainFact(words.becomes, what.scope === 'all' ? words.becomesLevel[what.level] : words.becomesThing[what.scope]), ...stays, plainFact(words.reason, quoted(reason))];
}

/** Who confirmed it, by their name made inert, and whether an emergency account was one of the two. */
export function revivedBy({ breakGlass }: ApprovalRecord, who: string): string {
  return breakGlass === true ? `${words.confirmedBy(who)}. ${words.emergency}` : words.confirmedBy(who);
}
