import type { ApprovalRecord, CardInstance, SentCard } from './approval.ts';
import type { PersonFacts } from './ports.ts';

/** Accounts with one employee id are one human; an account without one can't be told apart, and so can't second. */
export function isSameHuman(a: PersonFacts, b: PersonFacts): boolean {
  return a.id.equals(b.id) || a.employeeId === undefined || b.employeeId === undefined || a.employeeId === b.employeeId;
}

/** Whether an account is one whose click counts for a request, as far as the click itself tells. */
export function mayClick(clicker: PersonFacts, record: ApprovalRecord): boolean {
  if (clicker.guest || !clicker.enabled) return false;
  if (record.by === 'requester') return record.requester.equals(clicker.id);
  if (isForAdmins(record)) return clicker.roles.includes('admin');
  // The backup group decides once it was asked, and not before.
  return clicker.roles.includes('approver') || (record.escalatedAt !== undefined && clicker.roles.includes('backup approver'));
}

/** The same with fresh facts about both: the second person must be another human. */
export function mayDecide(approver: PersonFacts, record: ApprovalRecord, requester: PersonFacts): boolean {
  return mayClick(approver, record) && (record.by === 'requester' || !isSameHuman(requester, approver));
}

/** What Steward itself is about, and what it remembers, is no approver's matter. */
export function isForAdmins({ subject }: Pick<ApprovalRecord, 'subject'>): boolean {
  return subject.kind === 'revive' || subject.kind === 'records';
}

/** Whether an account may ask that records about people are erased or kept. */
export function isActiveOfficer(person: PersonFacts): boolean {
  return person.roles.includes('data protection') && person.enabled && !person.guest;
}

/** Who revives, settles and raises must be there as an admin, not as a guest or a blocked account. */
export function isActiveAdmin(person: PersonFacts): boolean {
  return person.roles.includes('admin') && person.enabled && !person.guest;
}

/** Whether a card is one that Steward noted as sent, and for this purpose: a button copied elsewhere decides nothing. */
export function isNoted(card: CardInstance, record: ApprovalRecord, purpose: SentCard['purpose']): boolean {
  return record.cards.some((sent) => sent.purpose === purpose && sent.conversationId === card.conversationId && sent.activityId === card.activityId);
}

/** What the card was that somebody clicked, for the ledger. */
export function shownAt({ cards }: Pick<ApprovalRecord, 'cards'>, { activityId, conversationId }: CardInstance): { readonly shown?: string } {
  const shown = cards.find((sent) => sent.purpose === 'decide' && sent.conversationId === conversationId && sent.activityId === activityId)?.shown;
  return shown === undefined ? {} : { shown };
}
