import assert from 'node:assert/strict';
import type { TurnContext } from 'botbuilder';
import { Ledger } from '../../../src/audit/ledger.ts';
import type { LedgerEvent, LedgerRecord } from '../../../src/audit/record.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { noticeText, SpendCommands, type RaiseWords } from '../../../src/bot/spending.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { StewardError } from '../../../src/errors.ts';
import type { KillSwitch } from '../../../src/guard/kill-switch.ts';
import { make as makeCeiling } from '../guard/ceiling-support.ts';
import { Directory, handClock, person } from '../guard/support.ts';

const ada = person('ada', { roles: ['employee', 'admin'] });
const eve = person('eve', { displayName: 'Eve [click](https://evil.example)' });
const words = (changes: Partial<RaiseWords> = {}): RaiseWords => ({ who: 'eve@contoso.example', usd: '5', reason: 'audit week', ...changes });

const keyed = (text: string): string => `keyed(${text.slice(0, 6)})`;

function make(killed?: StewardError, unwritable?: StewardError) {
  const { ceiling, spend } = makeCeiling(undefined, { monthMicroUsd: 50_000_000, personDayMicroUsd: 2_000_000 });
  const directory = new Directory(ada, eve);
  const said: string[] = [];
  const told: string[] = [];
  const events: LedgerEvent[] = [];
  /** What was raised when the ledger was written. */
  const raisedThen: number[] = [];
  const append = async (lines: string): Promise<void> => {
    if (unwritable !== undefined) throw unwritable;
    for (const line of lines.trimEnd().split('\n')) events.push((JSON.parse(line) as LedgerRecord).event);
    raisedThen.push(spend.raised.size);
  };
  const ledger = new Ledger({ append }, handClock());
  const context = { activity: { conversation: { id: 'a:1' } }, sendActivity: async ({ text = '' }: { text?: string }) => (said.push(text), { id: 'a' }) } as unknown as TurnContext;
  const commands = new SpendCommands({
    ceiling,
    desk: { tellAdmins: async (text) => void told.push(text) },
    digestKey: { digest: keyed },
    killSwitch: { assertAlive: async () => (killed === undefined ? undefined : Promise.reject(killed)) } as unknown as KillSwitch,
    ledger,
    speaker: new Speaker([], () => []),
    whoIsWho: directory,
  });
  return { commands, context, directory, events, raisedThen, said, spend, told };
}

describe('raise spending', () => {
  it('raises the day of one person, writes it down before, and tells the other admins', async () => {
    const { commands, context, events, raisedThen, said, spend, told } = make();
    await commands.raise(context, ada, words({ usd: '7.50' }));
    assert.deepEqual([...spend.raised], [[`2026-11-22:${eve.id.digest()}`, 7_500_000]]);
    assert.deepEqual(events, [{ kind: 'spending', day: '2026-11-22', target: keyed(eve.id.digest()), toMicroUsd: 7_500_000, person: keyed(ada.id.digest()) }]);
    assert.deepEqual(raisedThen, [0], 'raised before it was written down');
    assert.match(said.join(), /may now use up to 7\.50 USD/);
    assert.match(told.join(), /ada raised what Eve .* to 7\.50 USD: “audit week”/);
    for (const text of [...said, ...told]) assert.doesNotMatch(text, /evil\.example/);
  });

  it('raises nothing when it can’t be written down', async () => {
    const { commands, context, said, spend } = make(undefined, new StewardError('LEDGER_UNAVAILABLE', 'down'));
    await commands.raise(context, ada, words());
    assert.equal(spend.raised.size, 0);
    assert.deepEqual(said, [en.errors.LEDGER_UNAVAILABLE]);
  });
});

describe('raise spending: refused', () => {
  const raisesNothing = async (given: ReturnType<typeof make>, admin = ada, changes: Partial<RaiseWords> = {}): Promise<string> => {
    await given.commands.raise(given.context, admin, words(changes));
    assert.equal(given.spend.raised.size, 0);
    assert.deepEqual(given.events.filter(({ kind }) => kind === 'spending'), []);
    assert.equal(given.said.length, 1);
    assert.deepEqual(given.told, []);
    return given.said[0] ?? '';
  };

  it('whoever is no admin any more, whatever they were a minute ago', async () => {
    for (const now of [{ roles: ['employee'] }, { enabled: false }, { guest: true }] as const) {
      const given = make();
      given.directory.put({ ...ada, ...now });
      assert.equal(await raisesNothing(given), en.errors.KILL_NOT_ADMIN);
      assert.deepEqual(given.directory.looks.map(({ freshness }) => freshness), ['now']);
    }
  });

  it('an admin’s own account, a second one of theirs, and one that can’t be told apart', async () => {
    const own = make();
    assert.equal(await raisesNothing(own, ada, { who: 'ada@contoso.example' }), en.spending.notForOneself);
    const second = make();
    second.directory.put(person('eve', { employeeId: 'employee-ada' }));
    assert.equal(await raisesNothing(second), en.spending.notForOneself);
    const unknown = make();
    const { employeeId: _, ...nameless } = person('eve');
    unknown.directory.put(nameless);
    assert.equal(await raisesNothing(unknown), en.spending.notForOneself);
  });

  for (const usd of ['', 'much', '-5', '5,00', '1e3', '5.001', 'NaN', 'Infinity', '99999999']) {
    it(`${JSON.stringify(usd)} as an amount`, async () => {
      assert.equal(await raisesNothing(make(), ada, { usd }), en.spending.notAnAmount);
    });
  }

  it('more than the month has, and no more than everybody has', async () => {
    assert.equal(await raisesNothing(make(), ada, { usd: '50.01' }), en.spending.problems['above the month']);
    assert.equal(await raisesNothing(make(), ada, { usd: '2' }), en.spending.problems['not above the day']);
  });

  it('no reason', async () => {
    assert.equal(await raisesNothing(make(), ada, { reason: ' ' }), en.spending.needsReason);
  });

  it('a name that nobody has, and an account that is blocked or a guest', async () => {
    assert.equal(await raisesNothing(make(), ada, { who: 'nobody@contoso.example' }), en.spending.noSuchPerson);
    for (const changes of [{ enabled: false }, { guest: true }]) {
      const given = make();
      given.directory.put({ ...eve, ...changes });
      assert.equal(await raisesNothing(given), en.spending.noSuchPerson);
    }
  });

  it('while Steward is switched off', async () => {
    const given = make(new StewardError('KILLED', 'off'));
    assert.equal(await raisesNothing(given), en.errors.KILLED);
    assert.deepEqual(given.events.map((event) => event.kind === 'refusal' && event.code), ['KILLED']);
  });

  it('while the directory can’t be read', async () => {
    const given = make();
    given.directory.down = true;
    assert.equal(await raisesNothing(given), en.errors.DIRECTORY_UNAVAILABLE);
  });
});

describe('what admins are told about money', () => {
  it('names the mark, what is spent and the cap', () => {
    assert.match(noticeText({ kind: 'month', percent: 50, monthMicroUsd: 125_000_001, monthCapMicroUsd: 250_000_000 }), /^50 % .*125\.01 of 250\.00 USD\.$/);
    assert.match(noticeText({ kind: 'month', percent: 80, monthMicroUsd: 1, monthCapMicroUsd: 1 }), /last tenth/);
  });

  it('says whether the bill is still right, and how the model comes back', () => {
    for (const booked of [true, false]) {
      for (const text of [noticeText({ kind: 'overrun', reservedMicroUsd: 1, reportedMicroUsd: Number.POSITIVE_INFINITY, booked }), noticeText({ kind: 'other model', expected: 'gpt-4.1', reported: 'x [a](https://evil.example)', booked })]) {
        assert.equal(/the bill in Azure/.test(text), !booked, text);
        assert.match(text, /revive model because/);
        assert.doesNotMatch(text, /Infinity|NaN|evil/);
      }
    }
  });
});
