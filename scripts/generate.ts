/** Writes what is generated from the catalogue, the policy and the contract, or with `--check` fails when a committed file differs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod/v4';
import { catalogue, toolsOf } from '../src/actions/catalogue.ts';
import { answerTool } from '../src/bot/answer-tool.ts';
import { actionsPage, describeActions } from '../src/cli/actions.ts';

const contractShape = z.strictObject({
  preamble: z.string(),
  clauses: z.array(
    z.union([
      z.strictObject({ id: z.string(), text: z.string(), enforcedBy: z.string(), testedBy: z.array(z.string()).min(1) }),
      z.strictObject({ id: z.string(), text: z.string(), advisory: z.literal(true) }),
    ]),
  ),
});

const root = new URL('../', import.meta.url);

/** What stands in `skprompt.txt` for a contract. */
function promptOf(folder: string): string {
  const { clauses, preamble } = contractShape.parse(parse(readFileSync(new URL(`prompts/${folder}/contract.yaml`, root), 'utf8')));
  return [preamble, '', ...clauses.map((clause, index) => `${index + 1}. ${clause.text}`), ''].join('\n');
}

const actions = [...toolsOf(catalogue.all()), answerTool].map(({ function: { name, description, parameters } }) => ({ name, description, parameters }));
const config = { schema: 1.1, description: 'The planner of Steward. Generated from contract.yaml and the catalogue.', type: 'completion', completion: { max_tokens: 800 } };

const files: readonly (readonly [string, string])[] = [
  ['prompts/steward/skprompt.txt', promptOf('steward')],
  ['prompts/knowledge/skprompt.txt', promptOf('knowledge')],
  ['prompts/steward/actions.json', `${JSON.stringify(actions, null, 2)}\n`],
  ['prompts/steward/config.json', `${JSON.stringify(config, null, 2)}\n`],
  ['docs/actions.md', actionsPage(describeActions(catalogue, readFileSync(new URL('src/guard/policy.cedar', root), 'utf8')))],
];

const check = process.argv.includes('--check');
let stale = 0;
for (const [name, content] of files) {
  const file = new URL(name, root);
  if (!check) {
    writeFileSync(file, content);
    continue;
  }
  let committed = '';
  try {
    committed = readFileSync(file, 'utf8');
  } catch {
    // Missing counts as stale.
  }
  if (committed === content) continue;
  stale += 1;
  console.error(`${name} is not what the catalogue, the policy and the contract say: run \`npm run generate\` and commit it`);
}
process.exitCode = stale === 0 ? 0 : 1;
