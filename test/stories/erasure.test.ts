import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { en } from '../../src/bot/wording/en.ts';
import { auditCommand } from '../../src/cli/audit.ts';
import type { Properties } from '../../src/clients/tables.ts';
import { APPROVE, shown } from './harness/cards.ts';
import { assertNoIds, assertTaken, onlySentence } from './harness/claims.ts';
import type { Persona } from './harness/journal.ts';
import { ask, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import type { Chat } from './harness/teams.ts';
import { World } from './harness/world.ts';
import { verifies } from '../requirements.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const PEOPLE = 'people.jsonl';
const WRITTEN = 'the person asked for it in writing';

describe('what the ledger says about somebody', function () {
  this.timeout(120_000);
  let dataDir = '';
  let copies = '';
  let world: World;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'steward-story-'));
    copies = mkdtempSync(join(tmpdir(), 'steward-copy-'));
    world = await World.open({ model: 'scripted', dataDir });
    await world.begin();
  });
  afterEach(async () => {
    await world.close();
    for (const directory of [dataDir, copies]) rmSync(directory, { recursive: true, force: true });
  });

  /** Everything that an operator can read of the ledger, which must verify. */
  const exported = async (name: string): Promise<readonly { readonly person: string; readonly name?: string }[]> => {
    const { connection, words } = world.operator;
    let out = '';
    const add = (text: string): void => void (out += text);
    const directory = join(copies, name);
    const status = await auditCommand(['export', '--out', directory, ...words], { print: add, complain: add }, { root: ROOT, environment: {}, connection });
    assert.match(out, /^Holds +yes/m, out);
    assert.ok(status === 0 || /could not be opened|Names/.test(out), out);
    const file = join(directory, PEOPLE);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { person: string; name?: string }) : [];
  };
  /** Has an admin agree to what an officer asked for; gives the card as it was decided. */
  const agree = async (admin: Chat, officer: Chat, words: string): Promise<string> => {
    const since = world.connector.log.length;
    await officer.say(words, { expect: 2 });
    const card = await cardFor(world, admin, since);
    assertTaken(await admin.click(card, APPROVE));
    return shown(await settled(world, card));
  };
  const eventsIn = (directory: string): readonly Readonly<Record<string, unknown>>[] =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').trimEnd().split('\n'))
      .map((line) => (JSON.parse(line) as { readonly event: Readonly<Record<string, unknown>> }).event);
  const rowOf = async (person: string): Promise<Properties> => {
    const row = (await world.tables.personkeys.read(person.slice(0, 2), person)) ?? assert.fail('no row');
    return Object.fromEntries([...row.properties].filter(([name]) => name !== 'nonce')) as Properties;
  };
  const blocked = async (target: Persona): Promise<void> => {
    const chat = world.chat(world.person('helpdesk'));
    const { card } = await ask(world, chat, target);
    assertTaken(await chat.click(card, APPROVE));
    await settled(world, card);
  };

  it(verifies('ledger.erased', 'is gone once data protection and an admin agreed, not under legal hold, and again after a backup was restored'), async () => {
    const officer = await reachable(world, world.person('data protection'));
    const admin = await reachable(world, world.person('admin'));
    const [target, colleague] = [world.colleague(), world.colleague()];
    await blocked(target);
    await blocked(colleague);
    const before = await exported('before');
    const { person } = before.find(({ name }) => name === target.name) ?? assert.fail('nobody is named');
    const backup = await rowOf(person);

    assert.equal(onlySentence(await world.chat(world.person('helpdesk')).say(`erase records of ${target.upn} because ${WRITTEN}`)), en.errors.RECORDS_NOT_OFFICER);
    assert.equal(onlySentence(await officer.say(`erase records of nobody.at.all@haldenworks.example because ${WRITTEN}`)), en.records.unknown);
    assert.equal(onlySentence(await officer.say(`erase records of ${target.upn}`)), en.records.needsReason('erase'));
    assert.equal(onlySentence(await officer.say(`erase records of ${officer.person.upn} because ${WRITTEN}`)), en.errors.RECORDS_OWN);
    assert.equal(onlySentence(await officer.say(`hold records of ${target.upn} because of a case in court`)), en.records.held(target.name));
    assert.equal(onlySentence(await officer.say(`erase records of ${target.upn} because ${WRITTEN}`)), en.errors.RECORDS_HELD);
    assert.deepEqual((await rowOf(person))['wrapped'], backup['wrapped']);
    assert.match(await agree(admin, officer, `release records of ${target.upn} because the case is over`), /Done/);

    const since = world.connector.log.length;
    await officer.say(`erase records of ${target.upn} because ${WRITTEN}`, { expect: 2 });
    const card = await cardFor(world, admin, since);
    for (const part of [target.name, target.upn, WRITTEN, en.records.consequence.erase, officer.person.name]) assert.ok(shown(card).includes(part), `“${part}” is not on the card: ${shown(card)}`);
    assertNoIds(shown(card), 'the card');
    assertTaken(await admin.click(card, APPROVE));
    assert.match(shown(await settled(world, card)), /Done/);

    const named = (people: readonly { readonly person: string; readonly name?: string }[], who: Persona): boolean => people.some(({ name }) => name === who.name);
    const after = await exported('after');
    assert.ok(!named(after, target) && !after.some((part) => part.person === person), 'the name can still be read');
    assert.ok(named(after, colleague) && named(after, officer.person) && named(after, admin.person), 'others are gone too');
    const events = eventsIn(join(copies, 'after', 'ledger'));
    let screen = '';
    const add = (text: string): void => void (screen += text);
    await auditCommand(['show', join(copies, 'after')], { print: add, complain: add }, { root: ROOT, environment: {} });
    for (const part of [...['hold', 'release', 'erase'].map((change) => `${change} records +target ${person.slice(0, 8)} +done`), `asked by +${officer.person.name}`, 'reason +of a case in court', `reason +${WRITTEN}`, `approved by +${admin.person.name}`]) assert.match(screen.replaceAll(/\s*\n {4,}/g, ' '), new RegExp(part), screen);
    assert.deepEqual(events.filter((event) => event['kind'] === 'records' && event['person'] === person).map(({ change, state }) => `${String(change)} ${String(state)}`), ['hold asked', 'hold done', 'release asked', 'release done', 'erase asked', 'erase done']);

    await world.tables.personkeys.upsert(person.slice(0, 2), person, backup);
    assert.ok(named(await exported('restored'), target), 'the backup does not bring the name back');
    await world.stop();
    world = await World.open({ model: 'scripted', dataDir }, world);
    await world.connector.until(() => world.connector.messages({ conversationId: admin.id }).find((message) => shown(message).includes('I erased it again')), 20_000, 'no admin is told');
    assert.equal((await rowOf(person))['wrapped'], '');
    assert.ok(!named(await exported('erased again'), target), 'the backup brought the name back');
  });
});
