import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What could not be scaffolded, for the person who typed it. `usage`: they can mend the command line. */
export class ScaffoldError extends Error {
  readonly usage: boolean;

  constructor(message: string, usage: boolean) {
    super(message);
    this.name = 'ScaffoldError';
    this.usage = usage;
  }
}

/** The domains, each a folder of actions and a file of wording, with the thing that its actions are usually about. */
const DOMAINS = {
  people: 'person',
  devices: 'device',
  groups: 'group',
  licences: 'licence',
  tickets: 'ticket',
  azure: 'app',
  mail: undefined,
  health: undefined,
  reports: undefined,
} as const;
export type Domain = keyof typeof DOMAINS;
export const domains = Object.keys(DOMAINS) as readonly Domain[];

/** Last words of a name that are no thing of their own. */
const WORDS: ReadonlyMap<string, Domain> = new Map([
  ...domains.map((domain) => [domain, domain] as const),
  ...domains.flatMap((domain) => (DOMAINS[domain] === undefined ? [] : [[DOMAINS[domain], domain] as const])),
  ['account', 'people'], ['sessions', 'people'], ['service', 'azure'], ['report', 'reports'],
]);

/** Where an action of this name belongs, if its last word or its first says so. */
export function domainOf(name: string): Domain | undefined {
  const words = name.split('_');
  return WORDS.get(words[0] ?? '') ?? WORDS.get(words.at(-1) ?? '');
}

export interface Scaffolded {
  /** Paths below the root: new files, and files that got a line. */
  readonly created: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Writes an action that compiles, is in the catalogue, ships disabled and does nothing yet, with its words and a test. Checks
 * everything before it writes anything. Fails with a `ScaffoldError`.
 */
export function scaffold(root: string, name: string, domain: Domain | undefined = domainOf(name)): Scaffolded {
  if (!/^[a-z]+(?:_[a-z]+)+$/.test(name) || name.length > 64) throw new ScaffoldError('an action is called verb_noun: lower-case letters and underscores, at most 64', true);
  const file = name.replaceAll('_', '-');
  const catalogueFile = 'src/actions/catalogue.ts';
  const catalogue = readFileSync(join(root, catalogueFile), 'utf8');
  if (catalogue.includes(`/${file}.ts'`)) throw new ScaffoldError(`there is an action ${name}`, false);
  if (domain === undefined) throw new ScaffoldError(`say where it belongs: --in ${domains.join(' | ')}`, true);
  const action = `src/actions/${domain}/${file}.ts`;
  const test = `test/unit/actions/${domain}/${file}.test.ts`;
  const wordingFile = `src/bot/wording/actions/${domain}.ts`;
  const wording = readFileSync(join(root, wordingFile), 'utf8');
  for (const path of [action, test]) if (existsSync(join(root, path))) throw new ScaffoldError(`there is a file ${path}`, false);
  if (wording.includes(`'${name}'`)) throw new ScaffoldError(`there are words for ${name}`, false);
  const variable = camelCase(name);
  if (new RegExp(`\\b${variable}\\b`).test(catalogue)) throw new ScaffoldError(`the catalogue has something called ${variable}`, false);
  const listed = withLine(catalogue, variable, `./${domain}/${file}.ts`);
  const worded = withWording(wording, name);

  for (const [path, content] of [[action, actionFile(name, variable, DOMAINS[domain])], [test, testFile(name)]] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { flag: 'wx' });
  }
  writeFileSync(join(root, catalogueFile), listed);
  writeFileSync(join(root, wordingFile), worded);
  return { created: [action, test], changed: [catalogueFile, wordingFile] };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** One import, below the other actions', and one line in the list. */
function withLine(catalogue: string, variable: string, path: string): string {
  const imports = [...catalogue.matchAll(/^import \{ \w+ \} from '\.\/[\w-]+\/[\w-]+\.ts';$/gm)];
  const list = /^(const actions: readonly Action\[\] = \[)([^\]]*)\];$/m.exec(catalogue);
  const last = imports.at(-1);
  if (last === undefined || list === null) throw new ScaffoldError('src/actions/catalogue.ts does not look as it did: add the action by hand', false);
  const [whole, head = '', inner = ''] = list;
  const entries = inner.trimEnd().replace(/,$/, '');
  const entered = `${head}${entries}${inner.includes('\n') ? `,\n  ${variable},\n` : `, ${variable}`}];`;
  const end = last.index + last[0].length;
  return `${catalogue.slice(0, end)}\nimport { ${variable} } from '${path}';${catalogue.slice(end)}`.replace(whole, entered);
}

function withWording(wording: string, name: string): string {
  const words = name.replaceAll('_', ' ');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  const entry = `  ['${name}', { title: '${title}', help: '${title}', example: '${words}' }],\n`;
  const at = wording.lastIndexOf('];');
  if (at < 0) throw new ScaffoldError('the wording file does not look as it did: add the words by hand', false);
  const before = wording.slice(0, at).trimEnd();
  return `${before}${/[,[]$/.test(before) ? '' : ','}\n${entry}${wording.slice(at)}`;
}

function actionFile(name: string, variable: string, kind: string | undefined): string {
  const words = name.replaceAll('_', ' ');
  const imports = ["import { z } from 'zod/v4';", `import { defineAction, graph${kind === undefined ? '' : ', thing'} } from '../action.ts';`, "import { StewardError } from '../../errors.ts';", ...(kind === undefined ? [] : ["import { handle } from '../handles.ts';"])];
  return `${imports.join('\n')}

// Who may ask follows from the class, which follows from the effect; a class needs no line in src/guard/policy.cedar:
//   read         helpdesk; it runs at once                        write        helpdesk confirms it on a card
//   destructive  helpdesk confirms; on a VIP a second person      critical     a second person approves; ships disabled
// Finer, as \`policyClass\`: sensitive_read (a reason is needed), self_service (everybody, in their own name), restore (takes a
// destructive action back). Everything but a read needs a \`limit\`, and words for its card: button, consequence, running, done.
export const ${variable} = defineAction({
  name: '${name}',
  version: '0.1.0',
  // For the model. Replace it: what it does, and what it does not do.
  description: '${words.charAt(0).toUpperCase()}${words.slice(1)}. Is not written yet and does not do anything.',
  effect: 'read',
${kind === undefined ? '' : `  target: '${kind}',\n`}  // Replace it by the operation of the published reference, with the least permission; infra/permissions.json grants it to the robot.
  operation: graph('GET', '/users', 'User.Read.All'),
  // Leave this out once a review has passed it, unless what it does can't be taken back.
  ships: 'disabled',
  parameters: z.strictObject({${kind === undefined ? '' : ` ${kind}: handle('${kind}') `}}),
  // For the model: things, dates, numbers, booleans, closed sets. Text that others can write is \`personOnly\`.
  result: z.object({${kind === undefined ? ' found: z.boolean() ' : ` ${kind}: thing('${kind}') `}}),
  run: async () => {
    throw new StewardError('SYSTEM_UNAVAILABLE', '${name} is not written yet');
  },
});
`;
}

function testFile(name: string): string {
  return `import assert from 'node:assert/strict';
import { catalogue } from '../../../../src/actions/catalogue.ts';

describe('${name}', () => {
  const action = catalogue.find('${name}');

  it('is in the catalogue', () => {
    assert.equal(action?.name, '${name}');
  });

  it('tells the model what it does not do', () => {
    assert.match(action?.description ?? '', /\\bnot\\b/);
  });

  it('refuses arguments that it does not name', () => {
    assert.equal(action?.parameters.safeParse({ unheard_of: true }).success, false);
  });
});
`;
}
