import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { Finder } from '../../proof/secrets/canaries.ts';
import { secretFromSeed } from '../../sandbox/identifiers.ts';
import { en } from '../../src/bot/wording/en.ts';
import { cardOf, DENY, hasCard, isAlive, shown } from './harness/cards.ts';
import { assertTaken } from './harness/claims.ts';
import { brief } from './harness/journal.ts';
import { calls, says } from './harness/model.ts';
import { finds, proposes, REASON, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import { until } from './harness/wait.ts';
import { useWorld, type World } from './harness/world.ts';

/** That of every world. */
const SEED = 4711;
const SECRET = secretFromSeed(SEED, 'vault/ledger-digest-key');
const SHAPED = `ghp_${'aB3'.repeat(12)}`;
const finder = new Finder([SECRET, SHAPED].map((value) => ({ kind: 'known secret', name: 'secret', value })));

/** Everything that was said, stored and recorded. */
async function assertNowhere(world: World): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'steward-copy-'));
  try {
    await world.copyLedger(directory);
    const ledger = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    const { approvals, conversations, latch } = world.tables;
    const rows = (await Promise.all([approvals, conversations, latch].map((table) => table.list("PartitionKey ge ''", 10_000)))).flat().map(({ properties }) => JSON.stringify([...properties], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
    assert.ok(ledger.length > 0 && rows.length > 0);
    for (const text of [...ledger, ...rows, ...world.connector.log.map(({ raw }) => raw)]) assert.deepEqual(finder.find(text), [], `a secret in ${text.slice(0, 300)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('a secret', () => {
  const { story } = useWorld({ model: 'scripted', oneDrive: true });

  story('path.say-secrets', 'that the model searches for goes to no system, in whatever form', async (world) => {
    for (const value of [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(SECRET).toString('hex'), SHAPED]) {
      for (const call of [{ name: 'find_person', arguments: { name: value } }, { name: 'find_ticket', arguments: { words: value } }, { name: 'find_group', arguments: { name: value } }, { name: 'create_ticket', arguments: { summary: 'Look', description: value } }]) {
        await world.begin();
        world.model.play(calls(call));
        const turn = await world.chat(world.person('helpdesk')).say('please look it up');
        assert.ok(turn.shown.startsWith(en.errors.PLAN_BAD_ARGUMENTS), `${call.name}: ${turn.shown}`);
        const asked = [...(await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot), ...(await world.journal.of('servicenow'))];
        assert.deepEqual(asked.map(brief), [], `${call.name} was asked for`);
      }
    }
    await assertNowhere(world);
  });

  story('path.say-secrets', 'in the reason of a decline is neither shown, stored nor recorded', async (world) => {
    const approver = await reachable(world, world.person('approver'));
    const target = world.person('vip');
    const since = world.connector.log.length;
    world.model.play(finds(target.name), proposes('block_sign_in'));
    await world.chat(world.person('helpdesk')).say(`Block ${target.name} because ${REASON}`, { expect: 2 });
    const card = await cardFor(world, approver, since);
    assertTaken(await approver.click(card, DENY, { denyReason: `no, and the key is ${SECRET} or ${SHAPED}` }));
    const ended = await settled(world, card);
    assert.match(shown(ended), /no, and the key is \[secret\] or \[secret\]/);
    await assertNowhere(world);
  });

  story('path.say-secrets', 'in the reason of a kill and of a revival is neither shown, stored nor recorded', async (world) => {
    const [admin, second] = [await reachable(world, world.person('admin')), await reachable(world, world.people.find(({ roles }) => roles.join() === 'employee,approver,admin') ?? assert.fail('nobody'))];
    await admin.say(`kill action revoke sessions because of ${SECRET} and ${SHAPED}`);
    const since = world.connector.log.length;
    await admin.say(`revive action revoke sessions because ${Buffer.from(SECRET).toString('base64')} was changed`, { expect: 2 });
    const card = await cardFor(world, second, since);
    assert.ok(shown(card).includes('[secret] was changed'), shown(card));
    assertTaken(await second.click(card, /^revive/i));
    await settled(world, card);
    await assertNowhere(world);
  });

  story('path.say-secrets', 'in what a system answers is in no card and in no file of a report', async (world) => {
    const body = { value: [{ id: world.person('employee').aadObjectId, userId: '', deviceName: `PC of ${SECRET}`, operatingSystem: 'Windows', serialNumber: `S-${SHAPED}`, lastSyncDateTime: '2026-01-01T00:00:00Z', complianceState: 'compliant', userPrincipalName: 'a@x.example', userDisplayName: 'A' }] };
    await world.control.fault({ service: 'graph', kind: 'body', path: 'managedDevices$', body });
    world.model.play(calls({ name: 'report_stale_devices', arguments: { days: 7 } }), says('Here they are.'));
    const chat = world.chat(world.person('helpdesk'));
    const { sent } = await chat.say('which devices are stale? I need a file', { expect: 3 });
    assert.ok(sent.some((message) => hasCard(message) && !isAlive(cardOf(message)) && shown(message).includes('PC of [secret]')), sent.map(shown).join(' | '));
    const offer = sent.find(({ activity }) => activity.attachments?.some(({ contentType }) => contentType === 'application/vnd.microsoft.teams.card.file.consent')) ?? assert.fail('no file is offered');
    const [attachment] = offer.activity.attachments ?? [];
    const content = attachment?.content as { readonly acceptContext: unknown };
    await chat.post({ ...chat.envelope(), type: 'invoke', name: 'fileConsent/invoke', id: 'f:1', replyToId: offer.activityId, value: { type: 'fileUpload', action: 'accept', context: content.acceptContext, uploadInfo: world.oneDrive.infoFor(String((attachment as { name?: string }).name)) } });
    const [upload] = await until(() => (world.oneDrive.uploads.length > 0 ? world.oneDrive.uploads : undefined), 10_000, 'the file');
    const texts = unzipped(upload?.body ?? assert.fail('nothing was uploaded'));
    assert.ok(texts.some((text) => text.includes('PC of [secret]')));
    for (const text of texts) assert.deepEqual(finder.find(text), []);
    await assertNowhere(world);
  });
});

/** The texts in a ZIP archive. */
function unzipped(archive: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = archive.indexOf('PK\u0001\u0002', 0, 'latin1'); at !== -1; at = archive.indexOf('PK\u0001\u0002', at + 4, 'latin1')) {
    const [method, size, local] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 42)];
    const begin = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const bytes = archive.subarray(begin, begin + size);
    texts.push((method === 0 ? bytes : inflateRawSync(bytes)).toString('utf8'));
  }
  return texts;
}
