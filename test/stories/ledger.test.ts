import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordOf } from '../../src/audit/ledger.ts';
import { open, type Part, type PersonalFacts } from '../../src/audit/sealed.ts';
import { auditCommand } from '../../src/cli/audit.ts';
import { APPROVE } from './harness/cards.ts';
import { assertTaken } from './harness/claims.ts';
import { finds, proposes, REASON, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import { useWorld, type World } from './harness/world.ts';

/** What the records say about people, to whoever has their keys. */
async function opened(world: World, text: string): Promise<readonly (PersonalFacts & { readonly as: Part })[]> {
  const parts = text.trimEnd().split('\n').flatMap((line) => {
    const { event } = recordOf(line) ?? assert.fail('no record');
    return 'sealed' in event ? (event.sealed ?? []) : [];
  });
  return Promise.all(parts.map(async (part) => ({ as: part.as, ...(open(part, (await world.personKeys.keyOf(part.person)).secret) ?? assert.fail('a key does not open it')) })));
}

const SOON_MS = 6_000;

describe('the ledger', () => {
  const { story } = useWorld({ model: 'scripted' });
  let directory = '';
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'steward-copy-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const files = (folder: string): readonly string[] =>
    readdirSync(join(directory, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  const verify = async (...words: readonly string[]): Promise<{ readonly status: number; readonly out: string }> => {
    let out = '';
    const add = (text: string): void => void (out += text);
    return { status: await auditCommand(['verify', directory, ...words], { print: add, complain: add }, { root: '', environment: {} }), out };
  };

  story('ledger.anchored', 'is vouched for as soon as a second person let something happen; the copy holds offline against that checkpoint, and one changed letter does not', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const target = world.person('vip');
    const requester = world.chat(world.person('helpdesk'));
    const since = world.connector.log.length;
    world.model.play(finds(target.name), proposes('block_sign_in'));
    await requester.say(`Block ${target.name} because ${REASON}`, { expect: 2 });
    const card = await cardFor(world, approver, since);
    assertTaken(await approver.click(card, APPROVE));
    await settled(world, card);
    await world.connector.until(async () => {
      await world.copyLedger(directory);
      return files('anchors').some((file) => file.includes('checkpoints')) || undefined;
    }, SOON_MS, 'nobody vouched for it');

    const held = files('anchors').filter((file) => file.includes('checkpoints')).at(-1) ?? assert.fail('no checkpoint');
    const good = await verify('--checkpoint', held);
    assert.equal(good.status, 0, good.out);
    const ledger = files('ledger').at(-1) ?? assert.fail('no ledger');
    const text = readFileSync(ledger, 'utf8');
    const protectedRecords = Number(/^(\d+) records are protected/m.exec(good.out)?.[1]);
    const outcome = text.split('\n').findIndex((line) => line.includes('"kind":"outcome"'));
    assert.ok(outcome >= 0 && protectedRecords > outcome, 'the outcome is not vouched for');
    assert.ok(!JSON.stringify(readFileSync(held, 'utf8')).includes(target.name) && !readFileSync(held, 'utf8').includes(target.aadObjectId), 'a checkpoint says who');

    for (const name of [requester.person.name, approver.person.name, target.name, REASON]) assert.ok(!text.includes(name), `the ledger says “${name}” to everybody`);
    const said = await opened(world, text);
    const of = (as: Part): readonly PersonalFacts[] => said.filter((facts) => facts.as === as);
    assert.ok(of('requester').some(({ name }) => name === requester.person.name), 'it does not say who asked');
    assert.ok(of('approver').some(({ name }) => name === approver.person.name), 'it does not say who approved');
    assert.ok(of('target').some(({ arguments: given, name }) => name === target.name && given?.['reason'] === REASON), 'it does not say of whom, and why');
    assert.ok(of('target').some(({ context }) => context?.includes(target.upn) === true), 'it does not tell her from her namesakes');

    writeFileSync(ledger, text.replace('"outcome":"done"', '"outcome":"none"'));
    const bad = await verify('--checkpoint', held);
    assert.equal(bad.status, 1);
    assert.match(bad.out, new RegExp(`record ${outcome + 1} \\(.{11}\\) of chain .+ was changed`));
  });
});
