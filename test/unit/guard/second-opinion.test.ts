import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chanceOf } from '../../../proof/random.ts';
import { describe as inWords, policyText, randomQuestion, SecondOpinion, type Disagreement } from '../../second-opinion/compare.ts';
import { mutantsOf, nearestAnswers, notices, policies, type Answers } from '../../second-opinion/mutants.ts';
import { STRENGTH } from '../../second-opinion/table.ts';

/** Random questions in every `npm test`; `npm run proof -- guard-table` asks a million. */
const RANDOM = 200;
/** Edits of each policy that are tried in every `npm test`; `npm run proof -- guard-mutants` tries all. */
const EDITS = 1;
const SEED = 20_261_122;

const shipped = new SecondOpinion();
const disagreements: Disagreement[] = [];
let answers: Answers = new Map();

describe('second opinion', () => {
  before(async function () {
    this.timeout(300_000);
    answers = await nearestAnswers(shipped);
    for (const question of answers.keys()) disagreements.push(...(await shipped.compare(question)));
  });

  it('the decision table imports nothing, so it cannot agree by copying', () => {
    assert.doesNotMatch(readFileSync(new URL('../../second-opinion/table.ts', import.meta.url), 'utf8'), /\b(import|require)\b\s*[({*'"]/);
  });

  it('gate, second decision and policy agree with the page around every answer that is not a refusal', () => {
    assert.deepEqual(disagreements.map(inWords), []);
    // Nobody agrees about nothing: all four answers were given.
    assert.deepEqual(new Set([...answers.values()].map(({ kind }) => kind)), new Set(STRENGTH));
  });

  it('gate, second decision and policy agree with the page on random questions', async function () {
    this.timeout(300_000);
    const found: string[] = [];
    for (let index = 0; index < RANDOM; index += 1) {
      const { question, noise } = randomQuestion(chanceOf(SEED, index));
      found.push(...(await shipped.compare(question, noise)).map(inWords));
    }
    assert.deepEqual(found, []);
  });

  it('every policy of the text is tried below', () => {
    assert.equal(policies.length, policyText.match(/^(permit|forbid) /gmu)?.length);
  });

  for (const policy of policies) {
    it(`notices when \`${policy.id}\` is dropped, or says something else`, async function () {
      for (const mutant of ['', ...mutantsOf(policy.text).slice(0, EDITS)]) {
        assert(await notices(policy, mutant, answers), `nobody noticed ${mutant === '' ? 'that it is gone' : mutant}`);
      }
    });
  }

  // --- overlays ---

  const overlays: Readonly<Record<string, string>> = {
    'nothing happens to a VIP': 'forbid (principal, action, resource is Person) when { resource.vip };',
    'every write takes two': 'forbid (principal, action in Action::"write", resource) unless { context.seconded };',
    'everybody says why': 'forbid (principal, action, resource) unless { context.justified };',
    'nobody does anything to themselves': 'forbid (principal, action, resource) when { resource == principal };',
    'a confirmation alone is worth nothing': 'forbid (principal, action, resource) when { context.confirmed && !context.seconded };',
    'an approval forbids': 'forbid (principal, action, resource) when { context.seconded };',
  };
  for (const [what, forbid] of Object.entries(overlays)) {
    it(`an overlay makes answers stronger and none weaker: ${what}`, async function () {
      const narrowed = new SecondOpinion(policyText, `@id("overlay") @reason("${what}.") ${forbid}`);
      // Few of the refusals, which only a permit could weaken, and a part of the rest.
      const asked = [...answers.keys()].filter((question, index) => answers.get(question)?.kind !== 'refuse' || index % 12 === 0).filter((_, index) => index % 6 === 0);
      let stronger = 0;
      for (const question of asked) {
        const change = STRENGTH.indexOf((await narrowed.answer(question)).kind) - STRENGTH.indexOf(answers.get(question)!.kind);
        assert(change >= 0, `weaker: ${question.action.name} ${JSON.stringify(question.facts)}`);
        if (change > 0) stronger += 1;
      }
      assert(stronger > 0, 'the overlay changed nothing');
    });
  }
});
