import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCommand } from '../../src/cli/audit.ts';
import type { AuditSetting } from '../../src/cli/audit-setting.ts';
import { APPROVE } from './harness/cards.ts';
import { assertNoIds, assertTaken } from './harness/claims.ts';
import { finds, proposes, REASON, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import { useWorld } from './harness/world.ts';

const SOON_MS = 6_000;
const ROOT = new URL('../../', import.meta.url).pathname;

describe('the ledger', () => {
  const { story } = useWorld({ model: 'scripted' });
  let directory = '';
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'steward-copy-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const files = (folder: string): readonly string[] =>
    readdirSync(join(directory, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  const audit = async (words: readonly string[], setting: AuditSetting = { root: ROOT, environment: {} }): Promise<{ readonly status: number; readonly out: string }> => {
    let out = '';
    const add = (text: string): void => void (out += text);
    return { status: await auditCommand(words, { print: add, complain: add }, setting), out };
  };
  const verify = (...words: readonly string[]): ReturnType<typeof audit> => audit(['verify', directory, ...words]);

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
    const export_ = join(directory, 'export');
    const { words, connection } = world.operator;
    const exported = await audit(['export', '--out', export_, ...words], { root: ROOT, environment: {}, connection });
    assert.equal(exported.status, 0, exported.out);
    assert.match(exported.out, /Names +(\d+) of \1 opened/);
    const told = await audit(['show', export_, '--person', target.name]);
    const screen = told.out;
    assert.equal(told.status, 0, screen);
    for (const part of [/block_sign_in/, /done$/m, new RegExp(`asked by +${requester.person.name}`), new RegExp(`reason +${REASON}`), new RegExp(`approved by +${approver.person.name}`), target.upn]) assert.ok(screen.replaceAll(/\s*\n {4,}/g, ' ').match(part), `“${String(part)}” is not told:\n${screen}`);
    assertNoIds(screen.replaceAll(/request id .*(?:\n {4,}.*)*/g, ''), 'the screen');
    assert.ok(screen.split('\n').every((line) => line.length <= 80) && screen.split('\n').length <= 24, `more than a screen:\n${screen}`);
    const [, reference = ''] = /reference +(\S{5}-\S{5})/.exec(screen) ?? [];
    const why = await audit(['why', reference, export_]);
    assert.equal(why.status, 0, why.out);
    for (const part of [target.name, approver.person.name, 'second person', REASON]) assert.ok(why.out.replaceAll(/\s+/g, ' ').includes(part), `“${part}” is not told:\n${why.out}`);

    writeFileSync(ledger, text.replace('"outcome":"done"', '"outcome":"none"'));
    const bad = await verify('--checkpoint', held);
    assert.equal(bad.status, 1);
    assert.match(bad.out, new RegExp(`record ${outcome + 1} \\(.{11}\\) of chain .+ was changed`));
  });
});
