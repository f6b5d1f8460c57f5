/** The comparison of proof/guard-table.ts, turned on policies that are wrong: it must find every one of them. */
import { SecondOpinion } from '../test/second-opinion/compare.ts';
import { mutantsOf, nearestAnswers, notices, policies } from '../test/second-opinion/mutants.ts';
import type { Proof } from './proof.ts';

export const proof: Proof = {
  claim: 'the comparison with docs/policy.md notices every policy that is dropped or changed by one edit',
  // Nothing is left to chance here: seed and count change nothing.
  async run({ progress }) {
    const answers = await nearestAnswers(new SecondOpinion());
    const violations: string[] = [];
    let tried = 0;
    for (const policy of policies) {
      for (const mutant of ['', ...mutantsOf(policy.text)]) {
        tried += 1;
        if (!(await notices(policy, mutant, answers))) violations.push(`${policy.id}: nobody noticed ${mutant === '' ? 'that it is gone' : mutant.replaceAll('\n', ' ')}`);
      }
      progress(policy.id);
    }
    return { counts: { policies: policies.length, 'wrong policy texts': tried }, violations };
  },
};
