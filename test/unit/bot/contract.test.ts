import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { catalogue } from '../../../src/actions/catalogue.ts';

const root = new URL('../../../', import.meta.url);
interface Clause {
  readonly id: string;
  readonly text: string;
  readonly enforcedBy?: string;
  readonly testedBy?: readonly string[];
  readonly advisory?: true;
}
const clausesOf = (folder: string): readonly Clause[] => (parse(readFileSync(new URL(`prompts/${folder}/contract.yaml`, root), 'utf8')) as { readonly clauses: readonly Clause[] }).clauses;
const clauses = [...clausesOf('steward'), ...clausesOf('knowledge')];

describe('the contracts', () => {
  it('and the catalogue are what the committed prompt folder was generated from', async () => {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/generate.ts', '--check'], { cwd: fileURLToPath(root) });
  });
  it('give every clause an id of its own', () => {
    assert.equal(new Set(clauses.map((clause) => clause.id)).size, clauses.length);
  });
  for (const clause of clauses) {
    it(`names for ${clause.id} code that exists, or says that it is advisory`, () => {
      assert((clause.advisory === true) !== (clause.enforcedBy !== undefined && (clause.testedBy?.length ?? 0) > 0));
      if (clause.enforcedBy !== undefined) assert(existsSync(new URL(clause.enforcedBy, root)), clause.enforcedBy);
    });
    for (const file of clause.testedBy ?? []) {
      it(`names for ${clause.id} a test that exists: ${file}`, () => {
        assert(existsSync(new URL(file, root)));
      });
    }
  }
  it('offer the planner exactly the catalogue, and the way to the articles', () => {
    const actions = JSON.parse(readFileSync(new URL('prompts/steward/actions.json', root), 'utf8')) as { name: string }[];
    assert.deepEqual(actions.map(({ name }) => name), [...catalogue.all().map(({ name }) => name), 'answer_from_articles']);
  });
});
