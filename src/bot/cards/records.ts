import type { ApprovalState, ApprovalSubject } from '../../guard/approval.ts';
import { en } from '../wording/en.ts';
import { inert } from './card.ts';
import { plainFact, quoted, type Fact } from './facts.ts';

const words = en.records;

/** Whom a change of records is about and why; and what it does and does not, while that is a question or once it is true. */
export function recordsFacts({ change, context, label, reason }: Extract<ApprovalSubject, { kind: 'records' }>, state: ApprovalState): readonly Fact[] {
  const about: readonly Fact[] = [
    { label: en.card.things.person, value: inert(label), weight: 'Bolder', note: context.map((each) => inert(each)).join(' · ') },
    plainFact(en.kill.reason, quoted(reason)),
  ];
  if (state !== 'pending' && state !== 'succeeded') return about;
  return [
    ...about,
    plainFact(en.card.effect, words.consequence[change]),
    plainFact(en.card.undo, words.undo[change]),
    ...(change === 'erase' ? [plainFact(words.stays, words.staysErase)] : []),
  ];
}
