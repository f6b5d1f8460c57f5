/** What people do with approvals beside approving: raise a limit, be reminded, say what became of it, withdraw, take back. */
import assert from 'node:assert/strict';
import { Catalogue } from '../../../src/actions/catalogue.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord, SentCard } from '../../../src/guard/approval.ts';
import { Approvals, type ClickResult } from '../../../src/guard/approvals.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { restoreStep, storeStep } from '../../../src/guard/stored-step.ts';
import { ada, bea, ben, card, cleo, HOUR, make, paul, place, rhea, root, stepsOf, vip } from './approvals-support.ts';
import type { Directory} from './support.ts';
import { deferred, digestKey, person, planOf, rejectsWith, settle, testActions, throwsWith } from './support.ts';

type Made = ReturnType<typeof make>;
const lookCard: SentCard = { ...card, activityId: 'look-1', purpose: 'look' };
const settleCard: SentCard = { ...card, conversationId: 'chat-of-root', activityId: 'settle-1', purpose: 'settle' };
const MINUTE = 60_000;

function refusedWith(result: ClickResult, code: StewardErrorCode): void {
  assert.equal(result.kind === 'refused' ? result.code : result.kind, code);
}

// --- raising a limit -------------------------------------------------------------------------------------------------

const raisable = { perHour: 2, perPersonPerHour: 1, raisableTo: 4 };

async function raising(changes: Partial<Extract<ApprovalRecord['subject'], { kind: 'raise' }>> = {}, by: 'requester' | 'second person' = 'second person') {
  const made = make({}, raisable);
  const record = await made.approvals.request({ subject: { kind: 'raise', reason: 'many phones stolen', action: 'block_sign_in', perHour: 4, ...changes }, by, requester: ada, place, requestActivityId: 'message-1', turn: 'turn-1' });
  await made.approvals.cardSent(record.reference, card);
  /** How many blocks go through now, of as many as anybody could want. */
  const room = async (): Promise<number> => {
    let taken = 0;
    while (taken < 20 && (await made.limits.take(made.actions.block, ada.id.digest()))) taken += 1;
    return taken;
  };
  return { ...made, record, room };
}

describe('a limit', () => {
  it('is raised by an approver for an hour, to what the card said, and by both names on the record', async () => {
    const { record, press, room, clock, limits, records, store } = await raising();
    assert.equal(await room(), 1);
    assert.equal((await press(record, paul)).kind, 'settled');
    assert.equal(store.state(record.reference), 'succeeded');
    assert.equal(await room(), 3, 'four with the one before');
    assert.deepEqual((await limits.raised()).map(({ action, perHour, until }) => [action, perHour, until.getTime() - clock.now().getTime()]), [['block_sign_in', 4, HOUR]]);
    const [written] = records.events('limit');
    assert.deepEqual([written?.action, written?.perHour, written?.person, written?.confirmedBy], ['block_sign_in', 4, digestKey.digest(ada.id.digest()), digestKey.digest(paul.id.digest())]);
    clock.advance(HOUR);
    assert.deepEqual(await limits.raised(), []);
    assert.equal(await room(), 1, 'and ends by itself');
  });

  const clickers: readonly (readonly [string, PersonFacts, StewardErrorCode])[] = [
    ['who asks', ada, 'APPROVAL_OWN_REQUEST'],
    ['who asks, by another account', person('ada-2', { roles: ['approver'], employeeId: ada.employeeId! }), 'APPROVAL_OWN_REQUEST'],
    ['an approver who can’t be told apart', { ...paul, employeeId: undefined }, 'APPROVAL_OWN_REQUEST'],
    ['an admin', root, 'APPROVAL_NOT_YOURS'],
    ['a colleague', cleo, 'APPROVAL_NOT_YOURS'],
    ['a backup approver who was not asked', bea, 'APPROVAL_NOT_YOURS'],
  ];
  for (const [who, clicker, code] of clickers) {
    it(`is not raised by ${who}`, async () => {
      const { record, press, room } = await raising();
      refusedWith(await press(record, clicker), code);
      assert.equal(await room(), 1);
    });
  }

  it('is never raised on one person’s word, however the request was made', async () => {
    const { record, press, room } = await raising({}, 'requester');
    refusedWith(await press(record, ada), 'APPROVAL_OWN_REQUEST');
    assert.equal(await room(), 1);
  });

  const wrong: readonly (readonly [string, Parameters<typeof raising>[0]])[] = [
    ['to more than the action declares', { perHour: 5 }],
    ['to less', { perHour: 3 }],
    ['of an action that can’t be raised', { action: 'show_person' }],
    ['of an action that does not exist', { action: 'wipe_device' }],
    ['of an action that every object has', { action: 'constructor' }],
  ];
  for (const [what, changes] of wrong) {
    it(`is not raised ${what}`, async () => {
      const { record, press, room, limitStore } = await raising(changes);
      refusedWith(await press(record, paul), 'APPROVAL_STALE');
      assert.equal(limitStore.rows.size, 0);
      assert.equal(await room(), 1);
    });
  }

  it('is not raised to what another catalogue declares by now', async () => {
    const { record, dependencies, actions, limitStore } = await raising();
    const catalogue = new Catalogue([{ ...actions.block, limit: { ...raisable, raisableTo: 3 } }, actions.unblock]);
    refusedWith(await new Approvals({ ...dependencies, catalogue }).click({ reference: record.reference, decision: 'approve', clicker: paul, card }), 'APPROVAL_STALE');
    assert.equal(limitStore.rows.size, 0);
  });

  const since: readonly (readonly [string, (directory: Directory) => void, StewardErrorCode])[] = [
    ['may no longer ask for the action', (directory) => directory.put({ ...ada, roles: ['employee'] }), 'POLICY_DENIED'],
    ['was blocked', (directory) => directory.put({ ...ada, enabled: false }), 'POLICY_DENIED'],
    ['left', (directory) => directory.remove(ada), 'PERSON_UNKNOWN'],
  ];
  for (const [what, change, code] of since) {
    it(`is not raised for somebody who ${what}`, async () => {
      const { record, press, directory, limitStore } = await raising();
      change(directory);
      refusedWith(await press(record, paul), code);
      assert.equal(limitStore.rows.size, 0);
    });
  }

  it('is raised once out of many clicks, and not after it was denied', async () => {
    const { record, press, records } = await raising();
    const results = await Promise.all(Array.from({ length: 10 }, () => press(record, paul)));
    assert.equal(results.filter(({ kind }) => kind === 'settled').length, 1);
    assert.equal(records.events('limit').length, 1);
    const denied = await raising();
    await denied.press(denied.record, paul, { decision: 'deny', reason: 'no' });
    refusedWith(await denied.press(denied.record, paul), 'APPROVAL_SETTLED');
    assert.equal(denied.limitStore.rows.size, 0);
  });

  it('is not raised when that can’t be recorded', async () => {
    const { record, press, records, limitStore, store } = await raising();
    records.onAppend = async () => Promise.reject(new Error('503'));
    refusedWith(await press(record, paul), 'LEDGER_UNAVAILABLE');
    assert.equal(limitStore.rows.size, 0);
    assert.equal(store.state(record.reference), 'executing', 'and the sweep will ask an admin');
  });

  it('is raised though the end of it could not be noted', async () => {
    const { record, press, store, limitStore } = await raising();
    store.onReplace = async (next) => {
      if (next.state === 'succeeded') store.tamper(record.reference, (row) => row);
    };
    const result = await press(record, paul);
    assert.equal(result.kind === 'settled' && result.record.state, 'executing');
    assert.equal(limitStore.rows.size, 1);
  });

  describe('is not raised when what is bound changed:', () => {
    const raise = (change: object) => (record: ApprovalRecord): ApprovalRecord => ({ ...record, subject: { ...record.subject, ...change } });
    const changes: Readonly<Record<string, (record: ApprovalRecord) => ApprovalRecord>> = {
      'the action': raise({ action: 'unblock_sign_in' }),
      'how many': raise({ perHour: 400 }),
      'the reason': raise({ reason: 'lunch' }),
      'the requester': (record) => ({ ...record, requester: cleo.id }),
      'what it is': (record) => ({ ...record, subject: { kind: 'revive', reason: 'many phones stolen', what: { scope: 'all', level: 'full' }, stillStopped: [] } }),
    };
    for (const [what, change] of Object.entries(changes)) {
      it(what, async () => {
        const { record, press, store, limitStore, latchStore } = await raising();
        store.tamper(record.reference, change);
        for (const clicker of [paul, root]) assert.equal((await press(record, clicker)).kind, 'refused');
        assert.deepEqual([limitStore.rows.size, latchStore.writes, store.state(record.reference)], [0, 0, 'killed']);
      });
    }
  });
});

describe('a revival', () => {
  const changes: Readonly<Record<string, object>> = { reason: { reason: 'other' }, level: { what: { scope: 'all', level: 'observe' } }, thing: { what: { scope: 'model', key: '', label: '', epoch: 0 } }, 'list of what stays stopped': { stillStopped: ['x'] } };
  for (const [what, change] of Object.entries(changes)) {
    it(`does not come when its ${what} changed between card and click`, async () => {
      const { propose, press, killSwitch, latchStore, store } = make();
      await killSwitch.kill({ digest: 'admin', name: 'Root', reason: 'kill all' });
      const record = await propose();
      store.tamper(record.reference, (stored) => ({ ...stored, subject: { ...stored.subject, ...change } }));
      refusedWith(await press(record, rhea), 'APPROVAL_STALE');
      assert.deepEqual([latchStore.row?.level, store.state(record.reference)], ['off', 'killed']);
    });
  }
});

// --- being reminded --------------------------------------------------------------------------------------------------

describe('a request that waits for a second person', () => {
  it('is brought to mind once, after half its time', async () => {
    const { ask, approvals, audience, store } = make();
    const record = await ask('second person', vip);
    store.aheadMs = 2 * HOUR - 1;
    await approvals.sweep();
    assert.equal(audience.reminded.length, 0);
    store.aheadMs = 2 * HOUR;
    await approvals.sweep();
    await approvals.sweep();
    assert.deepEqual(audience.reminded.map(({ reference }) => reference), [record.reference]);
    assert.equal(audience.escalated.length, 0);
    assert.equal(store.rows.get(record.reference)?.value.remindedAt?.getTime(), record.createdAt.getTime() + 2 * HOUR);
  });

  it('is taken to the backup group once, after three quarters, and expires at its end', async () => {
    const { ask, approvals, audience, store } = make();
    const record = await ask('second person', vip);
    store.aheadMs = 3 * HOUR - 1;
    await approvals.sweep();
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 0]);
    store.aheadMs = 3 * HOUR;
    await approvals.sweep();
    await approvals.sweep();
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 1]);
    assert.ok(audience.escalated[0]?.escalatedAt);
    store.aheadMs = 4 * HOUR;
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'expired');
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 1]);
  });

  it('waits shorter where its action says so, and is then brought to mind sooner', async () => {
    const { approvals, actions, audience, store } = make();
    const steps = planOf(actions.catalogue, { action: actions.block, who: vip }).steps.map((step) => ({ ...step, action: { ...step.action, secondPersonMinutes: 20 } }));
    await approvals.request({ subject: { kind: 'steps', steps }, by: 'second person', requester: ada, place, requestActivityId: 'm', turn: 't' });
    store.aheadMs = 10 * MINUTE;
    await approvals.sweep();
    store.aheadMs = 15 * MINUTE;
    await approvals.sweep();
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 1]);
  });

  it('is told of once by several instances that look at the same time', async () => {
    const { ask, approvals, audience, store, dependencies } = make();
    await ask('second person', vip);
    for (const aheadMs of [2 * HOUR, 3 * HOUR]) {
      store.aheadMs = aheadMs;
      await Promise.all([approvals, ...Array.from({ length: 4 }, () => new Approvals(dependencies))].map((each) => each.sweep()));
    }
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 1]);
  });

  it('is decided by a backup approver after that, and not before', async () => {
    const { ask, press, approvals, store, actions } = make();
    const record = await ask('second person', vip);
    store.aheadMs = 2 * HOUR;
    await approvals.sweep();
    for (const decision of ['approve', 'deny'] as const) refusedWith(await press(record, bea, { decision }), 'APPROVAL_NOT_YOURS');
    assert.equal(store.state(record.reference), 'pending');
    store.aheadMs = 3 * HOUR;
    await approvals.sweep();
    assert.equal((await press(record, bea)).kind, 'approved');
    assert.equal(actions.ran.length, 1);
  });

  it('is still not decided by a backup approver who is the requester, a guest or blocked', async () => {
    for (const [clicker, code] of [
      [{ ...bea, guest: true }, 'APPROVAL_NOT_YOURS'],
      [{ ...bea, enabled: false }, 'APPROVAL_NOT_YOURS'],
      [{ ...bea, employeeId: ada.employeeId! }, 'APPROVAL_OWN_REQUEST'],
      [{ ...ada, roles: ['helpdesk', 'backup approver'] }, 'APPROVAL_OWN_REQUEST'],
    ] as const) {
      const { ask, press, refuses, approvals, store } = make();
      const record = await ask('second person', vip);
      store.aheadMs = 3 * HOUR;
      await approvals.sweep();
      await refuses(press(record, clicker), code);
    }
  });

  it('for a revival is brought to mind, and no backup approver is asked for one', async () => {
    const { propose, approvals, audience, store, press, latchStore, killSwitch } = make();
    await killSwitch.kill({ digest: 'admin', name: 'Root', reason: 'kill all' });
    const record = await propose();
    store.aheadMs = 3 * HOUR;
    await approvals.sweep();
    await approvals.sweep();
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [1, 0]);
    store.tamper(record.reference, (row) => ({ ...row, escalatedAt: new Date() }));
    refusedWith(await press(record, bea), 'APPROVAL_NOT_YOURS');
    assert.equal(latchStore.row?.level, 'off');
  });

  it('is not what waits for its own requester: nobody else is reminded of that', async () => {
    const { ask, approvals, audience, store } = make();
    await ask('requester', ben);
    store.aheadMs = 9 * MINUTE;
    await approvals.sweep();
    assert.deepEqual([audience.reminded.length, audience.escalated.length], [0, 0]);
  });
});

// --- what became of it -----------------------------------------------------------------------------------------------

/** A request of which an instance died. */
async function unknown(): Promise<Made & { readonly record: ApprovalRecord }> {
  const made = make();
  const record = await made.ask('requester', ben, cleo);
  made.actions.inside = async () => Promise.reject(new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'for the test'));
  await made.press(record);
  assert.equal(made.store.state(record.reference), 'unknown');
  await made.approvals.cardSent(record.reference, settleCard);
  await made.approvals.cardSent(record.reference, lookCard);
  return { ...made, record };
}

describe('an outcome that nobody knows', () => {
  it('is told to admins until one is reached, and then no more', async () => {
    const { approvals, audience, store, record } = await unknown();
    audience.reachable = false;
    await approvals.sweep();
    await approvals.sweep();
    assert.equal(audience.doubted.length, 2);
    assert.equal(store.rows.get(record.reference)?.value.reportedAt, undefined);
    audience.reachable = true;
    await approvals.sweep();
    assert.ok(store.rows.get(record.reference)?.value.reportedAt);
    await approvals.sweep();
    assert.equal(audience.doubted.length, 3);
  });

  it('is looked after by one sweep at a time, and keeps no other request from its own', async () => {
    const { ask, approvals, audience, clock, store, record } = await unknown();
    const waits = await ask('requester', ben);
    clock.advance(600_000);
    audience.doubt = async () => Promise.reject(new Error('the directory answers nonsense'));
    const sweeps = [approvals.sweep(), approvals.sweep()];
    assert.equal(sweeps[0], sweeps[1]);
    await assert.rejects(approvals.sweep(), /nonsense/);
    assert.deepEqual([store.state(record.reference), store.state(waits.reference)], ['unknown', 'expired']);
    await Promise.allSettled(sweeps);
    assert.notEqual(approvals.sweep(), sweeps[0], 'it never looks again');
  });

  it('counts as open until somebody says what it was', async () => {
    const { approvals, record } = await unknown();
    assert.deepEqual(await approvals.counts(), { pending: 0, unknown: 1 });
    await approvals.settle({ reference: record.reference, clicker: root, card: settleCard, outcome: 'done' });
    assert.deepEqual(await approvals.counts(), { pending: 0, unknown: 0 });
  });

  for (const outcome of ['done', 'not done'] as const) {
    it(`is settled as ${outcome} by one admin, once, by name and on the record`, async () => {
      const { approvals, store, record, records, clock, actions } = await unknown();
      const ran = actions.ran.length;
      const click = { reference: record.reference, clicker: root, card: settleCard, outcome };
      const results = await Promise.all([approvals.settle(click), approvals.settle({ ...click, clicker: rhea }), approvals.settle(click)]);
      assert.equal(results.filter(({ kind }) => kind === 'settled').length, 1);
      refusedWith(await approvals.settle(click), 'APPROVAL_SETTLED');
      const { settlement, state } = store.rows.get(record.reference)!.value;
      assert.equal(state, 'unknown', 'Steward still does not know it by itself');
      assert.deepEqual([settlement?.outcome, settlement?.byName, settlement?.at.getTime()], [outcome, 'root', clock.now().getTime()]);
      assert.deepEqual(records.events('approval').flatMap(({ settled, person: by }) => (settled === undefined ? [] : [[settled, by]])), [[outcome, digestKey.digest(root.id.digest())]]);
      assert.equal(actions.ran.length, ran, 'nothing runs');
    });
  }

  it('is settled by nobody but an admin who is there', async () => {
    const { approvals, store, record } = await unknown();
    for (const clicker of [ada, ben, paul, bea, { ...root, guest: true }, { ...root, enabled: false }]) {
      refusedWith(await approvals.settle({ reference: record.reference, clicker, card: settleCard, outcome: 'done' }), 'KILL_NOT_ADMIN');
    }
    assert.equal(store.rows.get(record.reference)?.value.settlement, undefined);
  });

  it('is settled on no other card, and no other request', async () => {
    const { approvals, store, record, records } = await unknown();
    for (const other of [card, lookCard, { ...settleCard, conversationId: card.conversationId }, { conversationId: '', activityId: '' }]) {
      refusedWith(await approvals.settle({ reference: record.reference, clicker: root, card: other, outcome: 'done' }), 'APPROVAL_COPIED');
    }
    refusedWith(await approvals.settle({ reference: 'nobody-gave-this', clicker: root, card: settleCard, outcome: 'done' }), 'APPROVAL_UNKNOWN');
    assert.equal(store.rows.get(record.reference)?.value.settlement, undefined);
    await settle();
    assert.equal(records.events('approval').filter(({ state, by }) => state === 'click refused' && by === 'settle').length, 5);
  });

  it('is settled though the ledger is down, and not when the row changed meanwhile', async () => {
    const { approvals, store, record, records } = await unknown();
    const click = { reference: record.reference, clicker: root, card: settleCard, outcome: 'done' as const };
    store.onReplace = async () => store.tamper(record.reference, (row) => row);
    refusedWith(await approvals.settle(click), 'APPROVAL_SETTLED');
    store.onReplace = undefined;
    records.onAppend = async () => Promise.reject(new Error('503'));
    assert.equal((await approvals.settle(click)).kind, 'settled');
  });

  it('is no outcome that is known: those can’t be settled', async () => {
    const { ask, press, approvals, store } = make();
    const record = await ask('requester', ben);
    await approvals.cardSent(record.reference, settleCard);
    refusedWith(await approvals.settle({ reference: record.reference, clicker: root, card: settleCard, outcome: 'done' }), 'APPROVAL_SETTLED');
    assert.equal(store.state(record.reference), 'pending');
    await press(record);
    refusedWith(await approvals.settle({ reference: record.reference, clicker: root, card: settleCard, outcome: 'not done' }), 'APPROVAL_SETTLED');
  });

  it('of a plan that an instance died in is unknown for the step that ran, and known for those before it', async () => {
    const { ask, click, approvals, actions, outcomes, clock } = make();
    const record = await ask('requester', ben, cleo);
    const result = await click(record);
    assert(result.kind === 'approved');
    actions.inside = () => (actions.ran.length === 2 ? new Promise(() => undefined) : Promise.resolve(undefined));
    void result.proceed();
    await settle();
    clock.advance(90_000);
    await approvals.sweep();
    assert.deepEqual(outcomes(record.reference), ['done', 'unknown']);
  });

  it('leaves no card without its end: what ended and was not shown is shown', async () => {
    const { ask, press, approvals, store, shown } = make();
    const done = await ask('requester', ben);
    await press(done);
    store.open = async () => [(await store.read(done.reference))!];
    const told = shown.length;
    await approvals.sweep();
    assert.deepEqual([shown.length, shown.at(-1)?.reference, shown.at(-1)?.state], [told + 1, done.reference, 'succeeded']);
  });

  it('is nothing that somebody ended while the sweep was about to: that stands, and is not shown twice', async () => {
    const { ask, approvals, store, shown } = make();
    const record = await ask('requester', ben);
    store.aheadMs = 600_000;
    const told = shown.length;
    store.onReplace = async () => store.tamper(record.reference, (row) => ({ ...row, state: 'denied' }));
    await approvals.sweep();
    assert.deepEqual([store.state(record.reference), shown.length], ['denied', told]);
  });

  it('is nothing that settled while the sweep was looking, nor what lost its date in storage', async () => {
    const { ask, press, click, approvals, store, clock } = make();
    const [done, dateless] = [await ask('requester', ben), await ask('requester', cleo)];
    const stale = await store.open();
    await press(done);
    store.open = async () => [{ ...stale[0]!, value: store.rows.get(done.reference)!.value }];
    await approvals.sweep();
    assert.equal(store.state(done.reference), 'succeeded');
    assert.equal((await click(dateless)).kind, 'approved');
    store.tamper(dateless.reference, ({ decidedAt: _, ...row }) => row);
    store.open = async () => [(await store.read(dateless.reference))!];
    clock.advance(600_000 + 89_999);
    await approvals.sweep();
    assert.equal(store.state(dateless.reference), 'approved', 'counted from when it would have ended');
    clock.advance(1);
    await approvals.sweep();
    assert.equal(store.state(dateless.reference), 'failed');
  });

  it('of a raise that an instance died in is found by the sweep, too', async () => {
    const { record, press, records, approvals, store, clock } = await raising();
    records.onAppend = async () => Promise.reject(new Error('503'));
    await press(record, paul);
    clock.advance(90_000);
    await approvals.sweep();
    assert.deepEqual([store.state(record.reference), store.rows.get(record.reference)?.value.subject.kind], ['unknown', 'raise']);
  });
});

// --- a device ----------------------------------------------------------------------------------------------------------

describe('a request about a device', () => {
  const laptop = new InternalId('laptop');
  const target = { kind: 'device', handle: 'device_aaaaaa', id: laptop, label: 'LAPTOP-1' } as const;
  const about = (user: PersonFacts | 'nobody' | undefined) => {
    const made = make();
    if (user !== undefined) made.directory.putDevice(laptop, user);
    const steps = planOf(made.actions.catalogue, { action: made.actions.block, who: ben }).steps.map((step) => ({ ...step, target }));
    return { ...made, request: () => made.approvals.request({ subject: { kind: 'steps', steps }, by: 'requester', requester: ada, place, requestActivityId: 'message-1', turn: 'turn-1' }) };
  };

  it('shows who uses it now, and nobody where nobody does', async () => {
    const shown = async (user: PersonFacts | 'nobody' | undefined): Promise<readonly string[]> => stepsOf(await about(user).request())[0]!.targetContext;
    assert.deepEqual(await shown(vip), ['vip', 'vip@contoso.example']);
    assert.deepEqual(await shown('nobody'), []);
    assert.deepEqual(await shown(undefined), []);
  });

  it('is not made while the directory is down', async () => {
    const { directory, request, store } = about(vip);
    directory.down = true;
    await rejectsWith(request(), 'DIRECTORY_UNAVAILABLE');
    assert.equal(store.rows.size, 0);
  });
});

// --- a stored step -----------------------------------------------------------------------------------------------------

describe('a stored step', () => {
  const { catalogue, block } = testActions();
  const find = catalogue.find('find_person')!;

  it('is what was asked for when it is restored, with and without a target', () => {
    const [step] = planOf(catalogue, { action: block, who: ben }).steps;
    const restored = restoreStep(storeStep(step!, []), catalogue);
    assert.equal(restored.action, block);
    assert.deepEqual(restored.resolved, step!.resolved);
    assert.equal(restored.target?.id.equals(ben.id), true);
    const search = restoreStep(storeStep({ callId: 'c', action: find, proposed: {}, resolved: { name: 'Anna' }, provenance: {} }, []), catalogue);
    assert.deepEqual([search.resolved, 'target' in search], [{ name: 'Anna' }, false]);
  });

  it('is restored to nothing when its action or its target is gone', () => {
    const [step] = planOf(catalogue, { action: block, who: ben }).steps;
    const stored = storeStep(step!, []);
    for (const wrong of [{ ...stored, action: 'wipe_everything' }, { ...stored, version: '9.9.9' }, { ...stored, targetParameter: 'reason' }, { ...stored, targetParameter: 'nobody' }, { ...stored, targetParameter: 'constructor' }]) {
      throwsWith(() => restoreStep(wrong, catalogue), 'APPROVAL_STALE');
    }
  });
});

// --- what a card is for ----------------------------------------------------------------------------------------------

describe('a card', () => {
  for (const purpose of ['look', 'settle'] as const) {
    it(`to ${purpose} decides nothing`, async () => {
      const { requestFor, approvals, press, refuses, store } = make();
      const record = await requestFor('requester', ben);
      await approvals.cardSent(record.reference, { ...card, purpose });
      store.aheadMs = 6_000;
      for (const decision of ['approve', 'deny'] as const) await refuses(press(record, ada, { decision }), 'APPROVAL_COPIED');
      assert.equal(store.state(record.reference), 'pending');
    });
  }

  it('to decide withdraws nothing for the requester', async () => {
    const { ask, approvals, store } = make();
    const record = await ask('second person', vip);
    refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card }), 'APPROVAL_COPIED');
    assert.equal(store.state(record.reference), 'pending');
  });
});

describe('withdrawing one’s own request', () => {
  async function looking(): Promise<Made & { readonly record: ApprovalRecord }> {
    const made = make();
    const record = await made.ask('second person', vip);
    await made.approvals.cardSent(record.reference, lookCard);
    return { ...made, record };
  }

  it('ends it, shows it, and leaves nothing to approve', async () => {
    const { approvals, record, store, shown, press, refuses } = await looking();
    const result = await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card: lookCard });
    assert.equal(result.kind === 'settled' && result.record.state, 'withdrawn');
    assert.deepEqual([store.state(record.reference), shown.at(-1)?.state], ['withdrawn', 'withdrawn']);
    await refuses(press(record, paul), 'APPROVAL_SETTLED');
    refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card: lookCard }), 'APPROVAL_SETTLED');
  });

  it('is for the requester alone, whoever else could decide it', async () => {
    const { approvals, record, store } = await looking();
    for (const clicker of [paul, root, ben, bea, person('ada-2', { employeeId: ada.employeeId! })]) refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker, card: lookCard }), 'APPROVAL_NOT_YOURS');
    refusedWith(await approvals.withdrawOwn({ reference: 'nobody-gave-this', clicker: ada, card: lookCard }), 'APPROVAL_UNKNOWN');
    refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card: { ...lookCard, conversationId: 'elsewhere' } }), 'APPROVAL_COPIED');
    assert.equal(store.state(record.reference), 'pending');
  });

  it('comes too late for what was approved, and loses to who was faster', async () => {
    const { approvals, record, click, store } = await looking();
    store.onReplace = async (next) => {
      store.onReplace = undefined;
      if (next.state === 'withdrawn') assert.equal((await click(record, paul)).kind, 'approved');
    };
    refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card: lookCard }), 'APPROVAL_SETTLED');
    refusedWith(await approvals.withdrawOwn({ reference: record.reference, clicker: ada, card: lookCard }), 'APPROVAL_SETTLED');
    assert.equal(store.state(record.reference), 'approved');
  });

  it('by reference ends what waits, and nothing that does not', async () => {
    const { approvals, ask, press, store } = make();
    const [waiting, done] = [await ask('requester', ben), await ask('requester', cleo)];
    await press(done);
    await approvals.withdraw(waiting.reference);
    await approvals.withdraw(done.reference);
    await approvals.withdraw('nobody-gave-this');
    assert.deepEqual([store.state(waiting.reference), store.state(done.reference)], ['withdrawn', 'succeeded']);
  });

  it('of a card that could not be shown leaves alone what was decided meanwhile', async () => {
    const { approvals, ask, press, store } = make();
    const record = await ask('requester', ben);
    await press(record);
    await approvals.abandon(record.reference);
    assert.equal(store.state(record.reference), 'succeeded');
    await rejectsWith(approvals.abandon('nobody-gave-this'), 'APPROVAL_UNKNOWN');
  });

  it('fails rather than overwrite a row that never stands still', async () => {
    const { approvals, requestFor, store } = make();
    const record = await requestFor('requester', ben);
    store.onReplace = async () => store.tamper(record.reference, (row) => row);
    await rejectsWith(approvals.abandon(record.reference), 'STORAGE_UNAVAILABLE');
  });
});

// --- what can be taken back, and what waits --------------------------------------------------------------------------

describe('what can be taken back', () => {
  const names = (steps: Awaited<ReturnType<Approvals['undoable']>>): readonly string[] => steps.map(({ arguments: given }) => (given['person'] && 'label' in given['person'] ? given['person'].label : ''));

  it('are the steps that were done, the newest first', async () => {
    const { ask, press, approvals, actions, directory } = make();
    const dan = person('dan');
    directory.put(dan);
    const record = await ask('requester', ben, cleo, dan);
    actions.inside = async () => (actions.ran.length === 3 ? Promise.reject(new StewardError('SYSTEM_REFUSED', 'for the test')) : undefined);
    await press(record);
    assert.deepEqual(names(await approvals.undoable('chat-of-ada', ada)), ['cleo', 'ben']);
    assert.deepEqual(names(await approvals.undoable('chat-of-ada', ada, record.reference)), ['cleo', 'ben']);
  });

  it('are those of the last request that did something, unless one is named', async () => {
    const { ask, press, approvals, clock, store } = make();
    const [first, second, denied] = [await ask('requester', ben), await ask('requester', cleo), await ask('requester', ben)];
    await press(first);
    clock.advance(1);
    await press(second);
    await press(denied, ada, { decision: 'deny' });
    assert.deepEqual(names(await approvals.undoable('chat-of-ada', ada)), ['cleo']);
    assert.deepEqual(names(await approvals.undoable('chat-of-ada', ada, first.reference)), ['ben']);
    assert.deepEqual(await approvals.undoable('chat-of-ada', ada, denied.reference), []);
    assert.equal(store.state(denied.reference), 'denied');
  });

  it('are nobody else’s, nor of another conversation', async () => {
    const { ask, press, approvals } = make();
    const record = await ask('requester', ben);
    await press(record);
    for (const [conversation, who] of [['chat-of-ada', paul], ['chat-of-ada', root], ['chat-of-paul', ada], ['', ada]] as const) {
      assert.deepEqual(await approvals.undoable(conversation, who), []);
      assert.deepEqual(await approvals.undoable(conversation, who, record.reference), []);
    }
    assert.deepEqual(await approvals.undoable('chat-of-ada', ada, 'nobody-gave-this'), []);
    assert.equal((await approvals.undoable('chat-of-ada', ada)).length, 1);
  });

  it('is nothing that has no way back, that was only observed, or that the catalogue no longer has', async () => {
    const { approvals, actions, dependencies, press, latchStore, clock, ask } = make();
    const revoke = actions.catalogue.find('revoke_sessions')!;
    const steps = planOf(actions.catalogue, { action: actions.look, who: ben }).steps;
    const read = await approvals.request({ subject: { kind: 'steps', steps }, by: 'requester', requester: ada, place, requestActivityId: 'm', turn: 't' });
    await approvals.cardSent(read.reference, card);
    await press(read);
    assert.deepEqual(await approvals.undoable('chat-of-ada', ada), []);
    const blocked = await ask('requester', ben);
    await press(blocked);
    assert.deepEqual(await new Approvals({ ...dependencies, catalogue: new Catalogue([revoke]) }).undoable('chat-of-ada', ada), []);
    latchStore.put({ level: 'observe' });
    clock.advance(1_000);
    const observed = await ask('requester', cleo);
    await press(observed);
    assert.deepEqual(await approvals.undoable('chat-of-ada', ada, observed.reference), []);
    assert.deepEqual(names(await approvals.undoable('chat-of-ada', ada)), ['ben'], 'and what was observed is not the last thing done');
  });

  it('is no raise and no revival', async () => {
    const { record, approvals, press } = await raising();
    await press(record, paul);
    assert.deepEqual(await approvals.undoable('chat-of-ada', ada, record.reference), []);
  });
});

describe('what waits', () => {
  it('is what this person may decide, and what this person asked others for', async () => {
    const { ask, approvals, propose, store } = make();
    const own = await ask('requester', ben);
    const seconded = await ask('second person', vip);
    const revival = await propose();
    const seen = async (who: PersonFacts): Promise<readonly (readonly string[])[]> => {
      const { asked, toDecide } = await approvals.pendingFor(who);
      return [toDecide, asked].map((records) => records.map(({ reference }) => reference));
    };
    assert.deepEqual(await seen(ada), [[own.reference], [seconded.reference]]);
    assert.deepEqual(await seen({ ...ada, roles: ['helpdesk', 'approver'] }), [[own.reference], [seconded.reference]], 'one’s own request is not one’s own to decide');
    assert.deepEqual(await seen(paul), [[seconded.reference], []]);
    assert.deepEqual(await seen(root), [[], [revival.reference]]);
    assert.deepEqual(await seen(rhea), [[revival.reference], []]);
    assert.deepEqual(await seen(ben), [[], []]);
    assert.deepEqual(await seen(bea), [[], []]);
    assert.deepEqual(await seen({ ...paul, enabled: false }), [[], []]);
    store.aheadMs = 3 * HOUR;
    store.tamper(seconded.reference, (row) => ({ ...row, escalatedAt: new Date() }));
    assert.deepEqual(await seen(bea), [[seconded.reference], []]);
    assert.deepEqual(await approvals.counts(), { pending: 3, unknown: 0 });
  });

  it('is nothing that is decided or running', async () => {
    const { ask, click, approvals, actions } = make();
    const record = await ask('second person', vip);
    const result = await click(record, paul);
    const running = deferred<undefined>();
    actions.inside = () => running.promise;
    assert(result.kind === 'approved');
    assert.deepEqual(await approvals.pendingFor(paul), { toDecide: [], asked: [] });
    const proceeding = result.proceed();
    await settle();
    assert.deepEqual(await approvals.pendingFor(ada), { toDecide: [], asked: [] });
    assert.deepEqual(await approvals.counts(), { pending: 0, unknown: 0 });
    running.resolve(undefined);
    await proceeding;
  });
});
