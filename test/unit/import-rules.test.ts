import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import readRules from 'dependency-cruiser/config-utl/extract-depcruise-options';
import readTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/** What each file imports, by path. Every file exports `it`, so that any import of ours resolves. */
type FileSet = Readonly<Record<string, string>>;

const violating: FileSet = {
  // The floors.
  'src/actions/action.ts': `import { it } from '../guard/gate.ts';`,
  'src/knowledge/search.ts': `import type { it } from '../clients/graph.ts';`,
  'src/audit/ledger.ts': `import { it } from '../actions/plan.ts';`,
  'src/guard/gate.ts': `import { it } from '../knowledge/cite.ts';`,
  'src/bot/turn.ts': `import type { it } from '../clients/graph.ts';`,
  'src/clients/graph.ts': `import type { it } from '../bot/say.ts';`,
  'src/clients/tables.ts': `import { it } from '../bot/ports.ts';`,
  'src/clients/vault.ts': `import { it } from '../guard/execute.ts';`,
  // A type beside the value does not hide the value.
  'src/clients/model.ts': `import type { it as type } from '../guard/execute.ts'; import { it } from '../guard/execute.ts';`,
  'src/errors.ts': `import type { it } from './audit/record.ts';`,
  'src/bot/say.ts': `import { it } from '../steward.ts';`,
  'src/main.ts': `import { it } from '../sandbox/company.ts';`,
  'src/actions/ports.ts': `import type { it } from '../../test/helper.ts';`,
  'src/actions/one.ts': `import type { it } from './two.ts';`,
  'src/actions/two.ts': `import type { it } from './one.ts';`,
  // The world outside.
  'src/guard/cards.ts': `import { CardFactory } from 'botbuilder';`,
  'src/steward.ts': `import type { Application } from '@microsoft/teams-ai';`,
  'src/cli/doctor.ts': `import { ManagedIdentityCredential } from '@azure/identity';`,
  'src/bot/planner.ts': `import OpenAI from 'openai';`,
  'src/bot/server.ts': `import { request } from 'node:http';`,
  'src/guard/limits.ts': `import type { Socket } from 'node:net';`,
  'src/bot/policy.ts': `import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';`,
  'src/knowledge/load.ts': `import { readFile } from 'node:fs/promises';`,
  'src/clients/shell.ts': `import { exec } from 'node:child_process';`,
  'src/clients/tls.ts': `import { generate } from 'selfsigned';`,
  'src/clients/lost.ts': `import { it } from './nowhere.ts';`,
  // The sandbox.
  'sandbox/graph.ts': `import { it } from '../src/actions/plan.ts';`,
  'sandbox/model/intents.ts': `import { it } from '../company/names.ts';`,
  'sandbox/journal.ts': `import { it } from '../test/helper.ts';`,
};

const allowed: FileSet = {
  'src/main.ts': `import { it } from './steward.ts';`,
  'src/cli/main.ts': `import { it } from '../steward.ts';`,
  'src/steward.ts': `import { it } from './bot/turn.ts'; import { it as hands } from './clients/graph.ts';`,
  'src/bot/turn.ts': `import { it } from '../guard/gate.ts'; import { it as k } from '../knowledge/cite.ts'; import { it as l } from '../audit/ledger.ts'; import { it as a } from '../actions/plan.ts';`,
  'src/bot/server.ts': `import { createServer } from 'restify'; import type { IncomingMessage } from 'node:http'; import { it } from '../errors.ts';`,
  'src/guard/gate.ts': `import { it } from '../actions/plan.ts'; import { it as l } from '../audit/ledger.ts'; import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'; import type { it as clock } from '../clock.ts';`,
  'src/clients/graph.ts': `import type { it } from '../guard/gate.ts'; import type { it as p } from '../bot/ports.ts'; import { Agent } from 'node:https'; import OpenAI from 'openai'; import { it as id } from '../actions/plan.ts';`,
  'src/audit/ledger.ts': `import { it } from './record.ts'; import { createHash } from 'node:crypto'; import { it as e } from '../errors.ts';`,
  'sandbox/main.ts': `import { it } from '../src/steward.ts';`,
  'sandbox/start.ts': `import { it } from '../src/steward.ts';`,
  'sandbox/graph.ts': `import { it } from './company/names.ts'; import { createServer } from 'node:http';`,
  'sandbox/model/intents.ts': `import { it } from './words.ts';`,
  'test/stories/kill.test.ts': `import { it } from '../../src/guard/gate.ts'; import { it as c } from '../../sandbox/company/names.ts';`,
};

describe('import rules', () => {
  let rules: ICruiseOptions;
  let violations: ReadonlyMap<string, readonly string[]>;

  before(async () => {
    rules = await readRules('./.dependency-cruiser.mjs');
    violations = await violationsIn(violating, rules);
  });

  const cases: readonly (readonly [rule: string, file: string, claim: string])[] = [
    ['actions-looks-down', 'src/actions/action.ts', 'an action does not know the guard'],
    ['knowledge-looks-down', 'src/knowledge/search.ts', 'knowledge does not know a client, not even its types'],
    ['audit-looks-down', 'src/audit/ledger.ts', 'the ledger knows nobody'],
    ['guard-looks-down', 'src/guard/gate.ts', 'the guard does not know what may be said'],
    ['bot-looks-down', 'src/bot/turn.ts', 'the face does not know the hands'],
    ['clients-looks-down', 'src/clients/graph.ts', 'the hands do not know the face'],
    ['hands-decide-nothing', 'src/clients/tables.ts', 'of the ports of the chat the hands take types only'],
    ['hands-decide-nothing', 'src/clients/vault.ts', 'the hands cannot call execute'],
    ['hands-decide-nothing', 'src/clients/model.ts', 'a type import beside it does not hide the value import'],
    ['shared-words-stand-alone', 'src/errors.ts', 'the list of errors depends on nothing'],
    ['one-wiring', 'src/bot/say.ts', 'only what starts Steward imports the wiring'],
    ['production-stands-alone', 'src/main.ts', 'nothing of the sandbox is in the product'],
    ['production-stands-alone', 'src/actions/ports.ts', 'nothing of the tests is in the product'],
    ['no-circles', 'src/actions/one.ts', 'two files do not import each other, not even types'],
    ['teams-only-in-bot', 'src/guard/cards.ts', 'botbuilder stays in bot'],
    ['teams-only-in-bot', 'src/steward.ts', 'teams-ai stays in bot, its types too'],
    ['azure-only-in-clients', 'src/cli/doctor.ts', 'Azure SDKs stay in clients'],
    ['azure-only-in-clients', 'src/bot/planner.ts', 'the OpenAI SDK stays in clients'],
    ['network-only-in-clients', 'src/bot/server.ts', 'the face cannot call out'],
    ['network-types-only-in-clients-and-bot', 'src/guard/limits.ts', 'the guard knows no socket'],
    ['policy-only-in-guard', 'src/bot/policy.ts', 'only the guard asks Cedar'],
    ['no-files-below', 'src/knowledge/load.ts', 'knowledge reads no files'],
    ['no-way-out-of-the-process', 'src/clients/shell.ts', 'no program is ever started'],
    ['production-uses-production-packages', 'src/clients/tls.ts', 'a devDependency is not there in production'],
    ['everything-resolves', 'src/clients/lost.ts', 'an import leads somewhere'],
    ['sandbox-is-only-a-cloud', 'sandbox/graph.ts', "an emulator does not share Steward's code"],
    ['sandbox-model-is-a-stranger', 'sandbox/model/intents.ts', 'the stand-in model does not know the company'],
    ['sandbox-knows-no-test', 'sandbox/journal.ts', 'the sandbox does not know the tests'],
  ];
  for (const [rule, file, claim] of cases) {
    it(`${claim} (${rule})`, () => {
      assert.ok(violations.get(file)?.includes(rule), `${file}: ${violations.get(file)?.join(', ') ?? 'no violation'}`);
    });
  }

  it('allow the imports that the design draws', async () => {
    assert.deepEqual([...(await violationsIn(allowed, rules))], []);
  });

  it('each say why', () => {
    for (const { name, comment } of rules.ruleSet!.forbidden!) assert.match(comment!, /^\S.{20,}[.]$/, name);
  });
});

/** Violated rules by file, of a set of files laid out beside the packages of this repository. */
async function violationsIn(files: FileSet, rules: ICruiseOptions): Promise<Map<string, readonly string[]>> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'steward-imports-')));
  const returnTo = process.cwd();
  try {
    const imported = Object.entries(files).flatMap(([path, text]) => [...text.matchAll(/'([.][^']+)'/g)].map((match) => join(dirname(path), match[1]!)));
    for (const path of new Set([...imported, ...Object.keys(files)])) {
      if (path.endsWith('nowhere.ts')) continue;
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), `${files[path] ?? ''}\nexport const it = 1;\n`);
    }
    for (const name of ['node_modules', 'package.json', 'tsconfig.json']) symlinkSync(resolve(name), join(folder, name));
    // dependency-cruiser takes its paths from the working directory.
    process.chdir(folder);
    const { output } = await cruise(['src', 'sandbox', 'test'], { ...rules, baseDir: folder }, rules.enhancedResolveOptions, { tsConfig: readTsConfig('tsconfig.json') });
    const found = new Map<string, string[]>();
    for (const { from, rule } of (output as ICruiseResult).summary.violations) found.set(from, [...(found.get(from) ?? []), rule.name]);
    return found;
  } finally {
    process.chdir(returnTo);
    rmSync(folder, { recursive: true });
  }
}
