import type { ApprovalSubject } from '../../guard/approval.ts';
import { en } from '../wording/en.ts';
import { inert } from './card.ts';
import { plainFact, quoted, type Fact } from './facts.ts';

const words = en.records;

/** Whom a change of records is about, why, what it does and what it does not. */
export function recordsFacts({ change, context, label, reason }: Extract<ApprovalSubject, { kind: 'records' }>): readonly Fact[] {
  return [
    { label: en.card.things.person, value: inert(label), weight: 'Bolder', note: context.map((each) => inert(each)).join(' · ') },
    plainFact(en.kill.reason, quoted(reason)),
    plainFact(en.card.effect, words.consequence[change]),
    plainFact(en.card.undo, words.undo[change]),
    ...(change === 'erase' ? [plainFact(words.stays, words.staysErase)] : []),
  ];
}
