import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { actionsPage, actionsTable, describeActions, type ActionFacts } from '../../../src/cli/actions.ts';
import { run } from '../../../src/cli/main.ts';
import { systemClock } from '../../../src/clients/clock.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const policy = readFileSync(new URL('../../../src/guard/policy.cedar', import.meta.url), 'utf8');

async function typed(...words: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const status = await run(words, { root, print: (text) => void (out += text), complain: (text) => void (err += text), latch: { environment: {}, clock: systemClock } });
  return { status, out, err };
}

describe('`steward actions`', () => {
  let facts: readonly ActionFacts[];
  const of = (name: string): ActionFacts => facts.find((each) => each.name === name) ?? assert.fail(name);
  before(function () {
    facts = describeActions(catalogue, policy);
  });

  it('tells of every action of the catalogue, in its order', () => {
    assert.deepEqual(facts.map(({ name }) => name), catalogue.all().map(({ name }) => name));
  });

  it('says who may, and with which approval, as the policy answers', () => {
    assert.deepEqual(of('block_sign_in').who, [{ role: 'helpdesk', approval: 'confirm', own: false }]);
    assert.deepEqual(of('unblock_sign_in').who, [{ role: 'helpdesk', approval: 'second person', own: false }]);
    assert.deepEqual(of('show_person').who, [{ role: 'employee', approval: 'run', own: true }, { role: 'helpdesk', approval: 'run', own: false }]);
    assert.deepEqual(of('create_ticket').who, [{ role: 'employee', approval: 'run', own: false }]);
    assert.deepEqual(of('wipe_device').who, [{ role: 'helpdesk', approval: 'second person', own: false }]);
  });

  it('follows the policy, not a table of its own', () => {
    const without = describeActions(catalogue, `${policy}\n@id("nobody") @reason("test") forbid (principal, action == Action::"block_sign_in", resource);`);
    assert.deepEqual(without.find(({ name }) => name === 'block_sign_in')?.who, []);
    assert.match(actionsTable(without), /^block_sign_in .* nobody /m);
  });

  it('names the operation with its pinned version, the permissions as a list, and what it takes and is bound by', () => {
    const block = of('block_sign_in');
    assert.deepEqual(block.operation, { system: 'graph', method: 'PATCH', path: '/users/{id}', version: 'v1.0' });
    assert.deepEqual([block.permissions, block.limit, block.reversibleBy, block.ships, block.needs, block.class], [['User.EnableDisableAccount.All'], { perHour: 20, perPersonPerHour: 10, raisableTo: 60 }, 'unblock_sign_in', 'enabled', null, 'destructive']);
    assert.deepEqual(block.parameters.map(({ kind, name, required }) => [name, kind, required]), [['person', 'person handle', true], ['reason', 'text of at most 200 characters', true]]);
    assert.deepEqual(of('report_stale_devices').parameters.map(({ kind }) => kind), ['whole number, 7 to 365']);
    assert.deepEqual([of('wipe_device').ships, of('report_open_tickets').needs, of('report_open_tickets').file], ['disabled', 'servicenow', true]);
    assert.equal(of('list_sign_ins').parameters.find(({ name }) => name === 'reason')?.required, false);
  });

  it('pins a version for every system that an action reaches through Graph, Azure or Logic Apps', () => {
    for (const { name, operation } of facts) if (operation.system !== 'servicenow') assert.ok(operation.version, name);
  });

  it('prints one JSON document, or one line an action', async () => {
    const { out, status } = await typed('actions', '--json');
    const document = JSON.parse(out) as { readonly catalogue: string; readonly actions: readonly ActionFacts[] };
    assert.deepEqual([status, document.catalogue, document.actions.length], [0, catalogue.digest, facts.length]);
    assert.deepEqual(document.actions, facts);
    const table = await typed('actions');
    assert.deepEqual([table.status, table.out.trimEnd().split('\n').length], [0, facts.length + 1]);
  });

  for (const words of [[], ['acts'], ['actions', '--jsonn'], ['actions', 'list'], ['actions', 'new'], ['actions', 'new', '--in', 'people'], ['actions', 'new', 'do_thing', '--in', 'kitchen'], ['actions', 'new', 'do_thing', 'people'], ['actions', 'new', 'do_thing', '--in', 'people', 'more']]) {
    it(`ends with 2 and says how it wants to be called: ${JSON.stringify(words)}`, async () => {
      const { err, out, status } = await typed(...words);
      assert.equal(status, 2);
      assert.match(err + out, /steward actions \[--json\]/);
    });
  }

  it('is what docs/actions.md was generated from', () => {
    assert.equal(readFileSync(new URL('../../../docs/actions.md', import.meta.url), 'utf8'), actionsPage(facts), 'stale: run `npm run generate`');
  });
});
