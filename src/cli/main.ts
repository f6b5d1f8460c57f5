import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../actions/catalogue.ts';
import { StewardError } from '../errors.ts';
import { actionsTable, describeActions } from './actions.ts';
import { domains, scaffold, ScaffoldError, type Domain } from './new-action.ts';

/** What a command is given, so that tests can look at what it prints. */
export interface CommandLine {
  readonly root: string;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0: it holds or was done. 1: it found something. 2: it was not called as it wants to be. */
export type ExitStatus = 0 | 1 | 2;

const USAGE = `steward actions [--json]                 the catalogue: who may ask for what, with which approval, by which operation
steward actions new NAME [--in DOMAIN]   a new action: its file, its words, its test, and its line in the catalogue
`;

/** Runs one command of an operator. Never fails for what it was given. */
export function run(words: readonly string[], { complain, print, root }: CommandLine): ExitStatus {
  const misused = (problem: string): ExitStatus => {
    complain(`steward: ${problem}\n\n${USAGE}`);
    return 2;
  };
  const [command, ...rest] = words;
  if (command === undefined || command === '--help' || command === 'help') {
    print(USAGE);
    return command === undefined ? 2 : 0;
  }
  if (command !== 'actions') return misused(`there is no command \`${command.slice(0, 40)}\``);
  try {
    if (rest[0] === 'new') return create(rest.slice(1), { root, print, complain }, misused);
    const unknown = rest.find((word) => word !== '--json');
    if (unknown !== undefined) return misused(`\`actions\` does not know \`${unknown.slice(0, 40)}\``);
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

function create(words: readonly string[], { print, root }: CommandLine, misused: (problem: string) => ExitStatus): ExitStatus {
  const [name, option, domain, ...more] = words;
  if (name === undefined || name.startsWith('-')) return misused('`actions new` needs a name');
  if (option !== undefined && (option !== '--in' || !isDomain(domain) || more.length > 0)) return misused(`after the name comes nothing, or --in ${domains.join(' | ')}`);
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
