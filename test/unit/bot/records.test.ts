import assert from 'node:assert/strict';
import type { TurnContext } from 'botbuilder';
import type { Desk } from '../../../src/bot/desk.ts';
import { RecordCommands } from '../../../src/bot/records.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { StewardError } from '../../../src/errors.ts';
import type { ApprovalRequest } from '../../../src/guard/approvals.ts';
import type { KillSwitch } from '../../../src/guard/kill-switch.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { Directory, handClock, ledgerOf, MemoryPersonKeys, MemoryRecords, person } from '../guard/support.ts';

const olga = person('olga', { roles: ['employee', 'data protection'] });
const eve = person('eve', { displayName: 'Eve [click](https://evil.example)', jobTitle: 'Clerk' });
const keyed = (text: string): string => `keyed(${text.slice(0, 8)})`;
const EVE = keyed(eve.id.digest());
const WHO = eve.userPrincipalName;

function make({ alive, reachable = true }: { readonly alive?: StewardError; readonly reachable?: boolean } = {}) {
  const directory = new Directory(olga, eve);
  const kept = new MemoryRecords();
  const personKeys = new MemoryPersonKeys();
  const { ledger, store } = ledgerOf(handClock(), personKeys);
  const said: string[] = [];
  const asked: (readonly [request: ApprovalRequest, role: string])[] = [];
  const context = { activity: { id: 'm1', serviceUrl: 'https://smba.example/', channelId: 'msteams', recipient: { id: '28:bot' }, conversation: { id: 'a:1', conversationType: 'personal' } }, sendActivity: async ({ text = '' }: { text?: string }) => (said.push(text), { id: 'a' }) } as unknown as TurnContext;
  const askOthers: Desk['askOthers'] = async (_context, request, role) => {
    if (!reachable) throw new StewardError('APPROVAL_NOBODY_REACHABLE', 'nobody');
    asked.push([request, role]);
    return { record: {} as never, asked: ['Root'] };
  };
  const commands = new RecordCommands({
    tenantId: 't',
    speaker: new Speaker([], () => []),
    desk: { askOthers } as unknown as Desk,
    whoIsWho: directory,
    killSwitch: { assertAlive: async () => (alive === undefined ? undefined : Promise.reject(alive)) } as unknown as KillSwitch,
    records: kept,
    ledger,
    digestKey: { digest: keyed },
  });
  const type = async (change: 'erase' | 'hold' | 'release', who = WHO, reason = 'she asked for it', by: PersonFacts = olga): Promise<string> => {
    await commands.change(context, by, { kind: 'records', change, who, reason });
    return said.at(-1) ?? '';
  };
  return { asked, directory, kept, personKeys, said, store, type };
}

describe('bot/records: what data protection types', () => {
  for (const change of ['erase', 'release'] as const) {
    it(`asks an admin, and does nothing by itself (${change})`, async () => {
      const { asked, kept, store, type } = make();
      if (change === 'release') kept.standings.set(EVE, 'held');
      assert.equal(await type(change), en.waitingForSecond('Root'));
      const [[request, role] = assert.fail('nobody was asked')] = asked;
      assert.deepEqual([role, request.by, request.requester.displayName], ['admin', 'second person', 'olga']);
      assert.deepEqual(request.subject, { kind: 'records', change, reason: 'she asked for it', person: EVE, label: eve.displayName, context: ['Clerk', WHO] });
      assert.deepEqual([kept.done, store.events('records')], [[], []]);
    });
  }
  it('holds at once, on record before and after, and names nobody as a link', async () => {
    const { asked, kept, personKeys, said, store, type } = make();
    await type('hold', WHO, 'a case in court');
    assert.deepEqual([kept.done, asked], [[['hold', EVE]], []]);
    assert.ok(said.at(-1)?.startsWith('The records about Eve') && !said.at(-1)?.includes('evil.example'), said.at(-1));
    assert.deepEqual(store.events('records').map(({ change, person: whom, state }) => [change, whom, state]), [['hold', EVE, 'asked'], ['hold', EVE, 'done']]);
    assert.deepEqual(personKeys.opened(store).map(({ name, reason }) => [name, reason]), [['olga', 'a case in court']]);
    await type('hold');
    assert.equal(store.events('records').at(-1)?.state, 'refused');
    assert.ok(said.at(-1)?.includes('already'));
  });
  it('takes somebody who left by what the ledger calls them', async () => {
    const { asked, type } = make();
    const digest = '0123abcd'.repeat(8);
    assert.equal(await type('erase', digest), en.waitingForSecond('Root'));
    assert.deepEqual(asked[0]?.[0].subject, { kind: 'records', change: 'erase', reason: 'she asked for it', person: digest, label: en.records.byDigest(digest), context: [] });
  });
  for (const [what, words, answer] of [
    ['nobody who is there', ['nobody@contoso.example', 'r'], en.records.unknown],
    ['a digest that is too short', ['0123abcd', 'r'], en.records.unknown],
    ['no reason', [WHO, ''], en.records.needsReason('erase')],
    ['a reason that no card shows whole', [WHO, 'x'.repeat(301)], en.records.tooLong(300)],
    ['oneself', [olga.userPrincipalName, 'r'], en.errors.RECORDS_OWN],
  ] as const) {
    it(`is refused with ${what}`, async () => {
      const { asked, kept, type } = make();
      assert.equal(await type('erase', ...words), answer);
      assert.deepEqual([asked, kept.done], [[], []]);
    });
  }
  for (const [what, facts] of [['has not the role', { roles: ['employee', 'admin'] }], ['lost it a moment ago', {}], ['is a guest', { guest: true }], ['is blocked', { enabled: false }]] as const) {
    it(`is refused to somebody who ${what}`, async () => {
      for (const change of ['erase', 'hold', 'release'] as const) {
        const { asked, directory, kept, store, type } = make();
        directory.put({ ...olga, roles: what.startsWith('lost') ? ['employee'] : olga.roles, ...facts });
        assert.equal(await type(change), en.errors.RECORDS_NOT_OFFICER);
        assert.deepEqual([asked, kept.done, store.events('records')], [[], [], []]);
      }
    });
  }
  it('is refused under hold, and where there is nothing', async () => {
    for (const [standing, change, answer] of [['held', 'erase', en.errors.RECORDS_HELD], ['none', 'erase', en.errors.RECORDS_NONE], ['erased', 'erase', en.errors.RECORDS_NONE], ['kept', 'release', en.errors.RECORDS_NONE]] as const) {
      const { asked, kept, type } = make();
      kept.standings.set(EVE, standing);
      assert.equal(await type(change), answer);
      assert.deepEqual(asked, []);
    }
  });
  it('does nothing while Steward is off, nothing is known, or the ledger takes no record, and says when no admin can be reached', async () => {
    await assert.rejects(make({ alive: new StewardError('KILLED', 'off') }).type('hold'), { code: 'KILLED' });
    const unknown = make();
    unknown.kept.failure = new StewardError('LEDGER_UNAVAILABLE', 'away');
    await assert.rejects(unknown.type('erase'), { code: 'LEDGER_UNAVAILABLE' });
    const silent = make();
    silent.store.onAppend = async () => Promise.reject(new Error('away'));
    await assert.rejects(silent.type('hold'), { code: 'LEDGER_UNAVAILABLE' });
    assert.deepEqual(silent.kept.done, []);
    assert.equal(await make({ reachable: false }).type('erase'), en.records.nobody);
  });
});
