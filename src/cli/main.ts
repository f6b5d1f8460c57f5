import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StewardError } from '../errors.ts';
import { AUDIT_USAGE, auditCommand } from './audit.ts';
import type { ExitStatus, Output } from './command.ts';
import type { KnowledgeSetting } from './knowledge-services.ts';
import { KNOWLEDGE_USAGE } from './knowledge-usage.ts';
import { LATCH_USAGE, latchCommand, type LatchCommand } from './latch.ts';
import { domains, scaffold, ScaffoldError, type Domain } from './new-action.ts';

/** What a command is given, so that tests can look at what it prints. */
export interface CommandLine extends Output {
  readonly root: string;
  /** What `kill` and `status` need beside what was typed. */
  readonly latch: LatchCommand;
  /** What `knowledge` needs; absent: there is no such command. */
  readonly knowledge?: Omit<KnowledgeSetting, 'root'>;
}

const USAGE = `steward actions [--json]                 the catalogue: who may ask for what, with which approval, by which operation
steward actions new NAME [--in DOMAIN]   a new action: its file, its words, its test, and its line in the catalogue
${AUDIT_USAGE}${KNOWLEDGE_USAGE}${LATCH_USAGE}`;

/** Nothing here raises a level: this one is known only so that nobody looks for it at three in the morning. */
const REVIVE = 'nothing but Steward itself revives Steward: two admins do it in Teams, with “revive because …”. docs/stopping.md says how, also when fewer than two are at hand.';

/** Runs one command of an operator. Never fails for what it was given. */
export async function run(words: readonly string[], { complain, knowledge, latch, print, root }: CommandLine): Promise<ExitStatus> {
  const misused = (problem: string): ExitStatus => {
    complain(`steward: ${problem}\n\n${USAGE}`);
    return 2;
  };
  const [command, ...rest] = words;
  if (command === undefined || command === '--help' || command === 'help') {
    print(USAGE);
    return command === undefined ? 2 : 0;
  }
  if (command === 'kill' || command === 'status') return latchCommand(command, rest, { print, complain }, latch);
  if (command === 'audit') return auditCommand(rest, { print, complain }, { root, environment: latch.environment });
  if (command === 'knowledge' && knowledge !== undefined) return (await import('./knowledge.ts')).knowledgeCommand(rest, { print, complain }, { root, ...knowledge });
  if (command === 'revive') {
    complain(`steward: ${REVIVE}\n`);
    return 2;
  }
  if (command !== 'actions') return misused(`there is no command \`${command.slice(0, 40)}\``);
  try {
    // Loaded here: a kill must not wait for the policy engine, nor fail with it.
    if (rest[0] === 'new') return await create(rest.slice(1), { root, print }, misused);
    const unknown = rest.find((word) => word !== '--json');
    if (unknown !== undefined) return misused(`\`actions\` does not know \`${unknown.slice(0, 40)}\``);
    const [{ catalogue }, { actionsTable, describeActions }] = await Promise.all([import('../actions/catalogue.ts'), import('./actions.ts')]);
    const actions = describeActions(catalogue, readFileSync(join(root, 'src/guard/policy.cedar'), 'utf8'));
    print(rest.includes('--json') ? `${JSON.stringify({ catalogue: catalogue.digest, actions }, null, 2)}\n` : actionsTable(actions));
    return 0;
  } catch (error) {
    if (error instanceof ScaffoldError && error.usage) return misused(error.message);
    if (!(error instanceof ScaffoldError || error instanceof StewardError)) throw error;
    complain(`steward: ${error.message}\n`);
    return 1;
  }
}

async function create(words: readonly string[], { print, root }: Pick<CommandLine, 'print' | 'root'>, misused: (problem: string) => ExitStatus): Promise<ExitStatus> {
  const [name, option, domain, ...more] = words;
  if (name === undefined || name.startsWith('-')) return misused('`actions new` needs a name');
  if (option !== undefined && (option !== '--in' || !isDomain(domain) || more.length > 0)) return misused(`after the name comes nothing, or --in ${domains.join(' | ')}`);
  const { catalogue } = await import('../actions/catalogue.ts');
  if (catalogue.find(name) !== undefined) throw new ScaffoldError(`there is an action ${name}`, false);
  const { changed, created } = scaffold(root, name, isDomain(domain) ? domain : undefined);
  print(`${[...created.map((path) => `created  ${path}`), ...changed.map((path) => `changed  ${path}`)].join('\n')}

Next: write its operation, parameters, result and \`run\`; its words; its permission in infra/permissions.json;
then npm run generate, and npm test. docs/adding-an-action.md shows it with an example.
`);
  return 0;
}

function isDomain(word: string | undefined): word is Domain {
  return domains.some((domain) => domain === word);
}
