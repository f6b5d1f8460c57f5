import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCommand } from '../../src/cli/audit.ts';
import { APPROVE } from './harness/cards.ts';
import { assertTaken } from './harness/claims.ts';
import { finds, proposes, REASON, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import { useWorld } from './harness/world.ts';

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
    return { status: await auditCommand(['verify', directory, ...words], { print: add, complain: add }), out };
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

    writeFileSync(ledger, text.replace('"outcome":"done"', '"outcome":"none"'));
    const bad = await verify('--checkpoint', held);
    assert.equal(bad.status, 1);
    assert.match(bad.out, new RegExp(`record ${outcome + 1} \\(.{11}\\) of chain .+ was changed`));
  });
});
