import assert from 'node:assert/strict';
import { Catalogue } from '../../../src/actions/catalogue.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';
import type { ApprovalRecord } from '../../../src/guard/approval.ts';
import { Approvals } from '../../../src/guard/approvals.ts';
import type { PersonFacts } from '../../../src/guard/ports.ts';
import { isSameHuman } from '../../../src/guard/who-decides.ts';
import { ada, ben, card, cleo, HOUR, make, paul, place, rhea, root, stepsOf, vip, withStep, withSteps } from './approvals-support.ts';
import type { Directory} from './support.ts';
import { deferred, digestKey, latch, person, planOf, rejectsWith, settle } from './support.ts';

describe('approvals: a request', () => {
  it('is pending, has an unguessable reference, and waits for its card', async () => {
    const { requestFor, store } = make();
    const [one, other] = [await requestFor('requester', ben), await requestFor('requester', ben)];
    assert.equal(store.state(one.reference), 'pending');
    assert.match(one.reference, /^[\w-]{27}$/);
    assert.notEqual(one.reference, other.reference);
    assert.notEqual(one.binding, other.binding);
    assert.deepEqual(one.cards, []);
  });

  it('expires after ten minutes, or four hours where it takes a second person', async () => {
    const { requestFor, clock } = make();
    assert.equal((await requestFor('requester', ben)).expiresAt.getTime() - clock.now().getTime(), 600_000);
    assert.equal((await requestFor('second person', vip)).expiresAt.getTime() - clock.now().getTime(), 4 * HOUR);
  });

  it('expires after as long as the action in it that waits the shortest, and never later than four hours', async () => {
    const { approvals, actions, clock } = make();
    const waits = async (by: 'requester' | 'second person', ...minutes: readonly (number | undefined)[]): Promise<number> => {
      const steps = minutes.map((secondPersonMinutes, index) => {
        const [step] = planOf(actions.catalogue, { action: actions.block, who: [ben, cleo][index]! }).steps;
        return { ...step!, action: { ...actions.block, ...(secondPersonMinutes !== undefined && { secondPersonMinutes }) } };
      });
      const record = await approvals.request({ subject: { kind: 'steps', steps }, by, requester: ada, place, requestActivityId: 'm', turn: 't' });
      return (record.expiresAt.getTime() - clock.now().getTime()) / 60_000;
    };
    assert.equal(await waits('second person', 30), 30);
    assert.equal(await waits('second person', undefined, 20), 20);
    assert.equal(await waits('second person', 45, 20), 20);
    assert.equal(await waits('second person', 600), 240);
    assert.equal(await waits('requester', 30), 10, 'it is the time of a second person');
  });

  it('is not made of a text over 4,000 characters: what is approved is never cut', async () => {
    const { approvals, actions, store, records } = make();
    const [step] = planOf(actions.catalogue, { action: actions.block, who: ben }).steps;
    const request = (reason: string): Promise<ApprovalRecord> => approvals.request({ subject: { kind: 'steps', steps: [{ ...step!, resolved: { ...step!.resolved, reason } }] }, by: 'requester', requester: ada, place, requestActivityId: 'm', turn: 't' });
    await rejectsWith(request('x'.repeat(4_001)), 'PLAN_TEXT_TOO_LONG');
    assert.equal(store.rows.size, 0);
    assert.deepEqual(records.kinds(), []);
    assert.deepEqual(stepsOf(await request('x'.repeat(4_000)))[0]?.arguments['reason'], { text: 'x'.repeat(4_000) });
  });

  it('shows what is known of a target that left meanwhile: nothing', async () => {
    const { requestFor, directory } = make();
    directory.remove(ben);
    assert.deepEqual(stepsOf(await requestFor('requester', ben))[0]?.targetContext, []);
  });

  it('of an action without a target has none', async () => {
    const { approvals, actions } = make();
    const find = actions.catalogue.find('find_person')!;
    const step = { callId: 'c', action: find, proposed: { name: 'x' }, resolved: { name: 'x' }, provenance: { name: 'your words' as const } };
    const record = await approvals.request({ subject: { kind: 'steps', steps: [step] }, by: 'requester', requester: ada, place, requestActivityId: 'm', turn: 't' });
    assert.deepEqual([stepsOf(record)[0]?.targetParameter, stepsOf(record)[0]?.targetContext], [undefined, []]);
  });

  it('shows facts about the target that were read for it', async () => {
    const { requestFor, directory } = make();
    directory.put({ ...ben, jobTitle: 'Chef', department: 'Kitchen' });
    assert.deepEqual(stepsOf(await requestFor('requester', ben))[0]?.targetContext, ['Chef', 'Kitchen', 'ben@contoso.example']);
    assert.ok(directory.looks.every(({ freshness }) => freshness === 'now'));
  });

  it('is recorded without names and ids', async () => {
    const { ask, records } = make();
    const record = await ask('requester', ben);
    const text = records.appends.join('');
    assert.match(text, /"state":"pending"/);
    assert.doesNotMatch(text, /id-of-|contoso|phone stolen/);
    assert.ok(!text.includes(record.reference), 'whoever reads the ledger must not be able to click');
  });

  it('says who asked, of whom and who decided to whoever has their keys, and to nobody else', async () => {
    const { ask, directory, personKeys, press, records } = make();
    directory.put({ ...ben, department: 'Kitchen' });
    await press(await ask('second person', ben), paul, { decision: 'deny', reason: 'she is on holiday' });
    const [requester, target, approver] = personKeys.opened(records);
    const digestOf = (person: PersonFacts): string => digestKey.digest(person.id.digest());
    assert.deepEqual([requester?.as, requester?.person, requester?.name], ['requester', digestOf(ada), ada.displayName]);
    assert.deepEqual([target?.as, target?.person, target?.name, target?.context], ['target', digestOf(ben), ben.displayName, ['Kitchen', 'ben@contoso.example']]);
    assert.deepEqual([approver?.as, approver?.person, approver?.name, approver?.reason], ['approver', digestOf(paul), paul.displayName, 'she is on holiday']);
    assert.doesNotMatch(records.appends.join(''), /Kitchen|holiday|contoso/);
  });

  it('is not made, and not approved, where the ledger could not say who it was; a decline counts', async () => {
    const { actions, ask, personKeys, press, records, refuses, requestFor, store } = make();
    const [approved, denied] = [await ask('requester', ben), await ask('requester', cleo)];
    personKeys.failure = new StewardError('LEDGER_UNAVAILABLE', 'no key');
    await rejectsWith(requestFor('requester', ben), 'LEDGER_UNAVAILABLE');
    assert.equal(store.rows.size, 2);
    await refuses(press(approved), 'LEDGER_UNAVAILABLE');
    assert.equal(store.rows.get(approved.reference)?.value.state, 'pending');
    assert.equal((await press(denied, ada, { decision: 'deny' })).kind, 'settled');
    assert.deepEqual([actions.ran, records.events('approval').map(({ state }) => state)], [[], ['pending', 'pending', 'click refused', 'denied']]);
  });

  it('can’t be made while the latch can’t be read', async () => {
    const { requestFor, latchStore, store } = make();
    latchStore.onRead = async () => Promise.reject(new Error('503'));
    await rejectsWith(requestFor('requester', ben), 'LATCH_UNREADABLE');
    assert.equal(store.rows.size, 0);
  });
});

describe('approvals: the requester’s own click', () => {
  it('executes the step exactly once and says so', async () => {
    const { ask, press, actions, store, shown } = make();
    const record = await ask('requester', ben);
    const result = await press(record);
    assert.equal(result.kind, 'approved');
    assert.deepEqual(actions.ran, [{ action: 'block_sign_in', who: 'ben', reason: 'phone stolen' }]);
    const settled = store.rows.get(record.reference)!.value;
    assert.equal(settled.state, 'succeeded');
    assert.equal(settled.decidedByName, 'ada');
    assert.ok(settled.decidedAt);
    assert.equal(shown.at(-1)?.state, 'succeeded');
  });

  it('stores the approval before it executes, and does nothing until told to proceed', async () => {
    const { ask, click, actions, store } = make();
    const record = await ask('requester', ben);
    const result = await click(record);
    assert.equal(store.state(record.reference), 'approved');
    assert.deepEqual(actions.ran, []);
    assert(result.kind === 'approved');
    actions.inside = async () => assert.equal(store.state(record.reference), 'executing');
    await result.proceed();
    assert.equal(store.state(record.reference), 'succeeded');
  });

  it('executes once though it is told to proceed again and again', async () => {
    const { ask, click, actions } = make();
    const result = await click(await ask('requester', ben));
    assert(result.kind === 'approved');
    await Promise.all([result.proceed(), result.proceed(), result.proceed()]);
    await result.proceed();
    assert.equal(actions.ran.length, 1);
  });

  it('wins once out of fifty at the same time', async () => {
    const { ask, press, actions } = make();
    const record = await ask('requester', ben);
    const results = await Promise.all(Array.from({ length: 50 }, () => press(record)));
    assert.equal(results.filter(({ kind }) => kind === 'approved').length, 1);
    assert.equal(results.filter((result) => result.kind === 'refused' && result.code === 'APPROVAL_SETTLED').length, 49);
    assert.equal(actions.ran.length, 1);
  });

  it('wins once on two instances that share only storage', async () => {
    const one = make();
    const record = await one.ask('requester', ben);
    const two = new Approvals({ ...one.dependencies });
    const results = await Promise.all([one.press(record), two.click({ reference: record.reference, decision: 'approve', clicker: ada, card })]);
    assert.equal(results.filter(({ kind }) => kind === 'approved').length, 1);
    assert.ok(one.actions.ran.length <= 1);
  });

  it('is refused the second time, whatever became of the first', async () => {
    for (const decision of ['approve', 'deny'] as const) {
      const { ask, press, click, actions } = make();
      const record = await ask('requester', ben);
      await press(record, ada, { decision });
      const ran = actions.ran.length;
      for (const again of ['approve', 'deny'] as const) {
        const result = await click(record, ada, { decision: again });
        assert.equal(result.kind === 'refused' && result.code, 'APPROVAL_SETTLED');
      }
      assert.equal(actions.ran.length, ran);
    }
  });

  it('denies, and nothing runs', async () => {
    const { ask, press, actions, store } = make();
    const record = await ask('requester', ben);
    assert.equal((await press(record, ada, { decision: 'deny' })).kind, 'settled');
    assert.equal(store.state(record.reference), 'denied');
    assert.deepEqual(actions.ran, []);
  });

  it('denies with the reason that was given, kept whole', async () => {
    const { ask, press, store } = make();
    const [said, silent] = [await ask('requester', ben), await ask('requester', cleo)];
    await press(said, ada, { decision: 'deny', reason: 'wrong Anna' });
    await press(silent, ada, { decision: 'deny' });
    assert.equal(store.rows.get(said.reference)?.value.denyReason, 'wrong Anna');
    assert.equal('denyReason' in store.rows.get(silent.reference)!.value, false);
  });

  it('denies though the ledger is down, and keeps no reason of an approval', async () => {
    const { ask, press, click, store, records } = make();
    const [denied, approved] = [await ask('requester', ben), await ask('requester', cleo)];
    assert.equal((await click(approved, ada, { reason: 'ignored' })).kind, 'approved');
    assert.equal(store.rows.get(approved.reference)?.value.denyReason, undefined);
    records.onAppend = async () => Promise.reject(new Error('503'));
    assert.equal((await press(denied, ada, { decision: 'deny' })).kind, 'settled');
    assert.equal(store.state(denied.reference), 'denied');
  });

  it('wins though the note of another card overtakes it again and again', async () => {
    const { ask, press, store, approvals, actions } = make();
    const record = await ask('requester', ben);
    let overtaken = 0;
    store.onReplace = async (next) => {
      if (next.state !== 'approved' || overtaken === 3) return;
      overtaken += 1;
      await approvals.cardSent(record.reference, { ...card, activityId: `card-${overtaken + 1}`, purpose: 'look' });
    };
    assert.equal((await press(record)).kind, 'approved');
    assert.deepEqual([overtaken, actions.ran.length], [3, 1]);
  });

  it('gives up against a row that never stands still, with no effect', async () => {
    const { ask, press, refuses, store } = make();
    const record = await ask('requester', ben);
    for (const decision of ['approve', 'deny'] as const) {
      store.onReplace = async () => store.tamper(record.reference, (row) => row);
      await refuses(press(record, ada, { decision }), 'APPROVAL_SETTLED');
      await rejectsWith(make().approvals.cardSent('nobody-gave-this', card), 'APPROVAL_UNKNOWN');
    }
    assert.equal(store.state(record.reference), 'pending');
  });

  it('is on the record before anything runs, and so is a refused one', async () => {
    const { ask, press, records } = make();
    const record = await ask('requester', ben);
    await press(record, cleo);
    await press(record);
    await settle();
    assert.deepEqual(records.events('approval').map(({ state, code }) => [state, code]), [['pending', undefined], ['click refused', 'APPROVAL_NOT_YOURS'], ['approved', undefined], ['succeeded', undefined]]);
    assert.deepEqual(records.kinds(), ['approval', 'approval', 'approval', 'intent', 'outcome', 'approval']);
  });

  it('does nothing when the ledger can’t take the approval', async () => {
    const { ask, press, refuses, records, store } = make();
    const record = await ask('requester', ben);
    records.onAppend = async () => Promise.reject(new Error('503'));
    await refuses(press(record), 'LEDGER_UNAVAILABLE');
    assert.equal(store.state(record.reference), 'approved', 'and the sweep will call it failed');
  });
});

describe('approvals: a click is refused', () => {
  it('by a bystander', async () => {
    for (const decision of ['approve', 'deny'] as const) {
      for (const clicker of [ben, cleo, paul, root]) {
        const { ask, press, refuses, store } = make();
        const record = await ask('requester', ben);
        await refuses(press(record, clicker, { decision }), 'APPROVAL_NOT_YOURS');
        assert.equal(store.state(record.reference), 'pending', 'and the right person may still click');
      }
    }
  });

  it('by the requester as guest or blocked', async () => {
    for (const changed of [{ ...ada, guest: true }, { ...ada, enabled: false }]) {
      const { ask, press, refuses } = make();
      await refuses(press(await ask('requester', ben), changed), 'APPROVAL_NOT_YOURS');
    }
  });

  it('on a reference that nobody gave', async () => {
    const { ask, press, refuses } = make();
    const record = await ask('requester', ben);
    for (const reference of ['', 'x', `${record.reference}x`, record.reference.toLowerCase(), 'constructor', '__proto__']) await refuses(press({ ...record, reference }), 'APPROVAL_UNKNOWN');
  });

  it('on a card in another conversation, another card, and no card', async () => {
    const cards = [
      { conversationId: 'chat-of-eve', activityId: 'card-1' },
      { conversationId: 'chat-of-ada', activityId: 'card-2' },
      { conversationId: 'card-1', activityId: 'chat-of-ada' },
      { conversationId: '', activityId: '' },
      { conversationId: 'chat-of-ada', activityId: '' },
    ];
    for (const wrong of cards) {
      const { ask, press, refuses, store } = make();
      const record = await ask('requester', ben);
      // A request that was just made would wait for the note of its card.
      store.aheadMs = 6_000;
      await refuses(press(record, ada, { card: wrong }), 'APPROVAL_COPIED');
    }
  });

  it('when no card was ever noted, after a short wait', async () => {
    const { requestFor, press, refuses } = make();
    await refuses(press(await requestFor('requester', ben)), 'APPROVAL_COPIED');
  });

  it('not when it overtook the note of its card', async () => {
    const { requestFor, press, approvals } = make();
    const record = await requestFor('requester', ben);
    const pressed = press(record);
    setTimeout(() => void approvals.cardSent(record.reference, card), 80);
    assert.equal((await pressed).kind, 'approved');
  });

  it('when it is too late by storage’s clock, whatever the clock here says', async () => {
    const { ask, press, refuses, store, shown } = make();
    const record = await ask('requester', ben);
    store.aheadMs = 600_000;
    await refuses(press(record), 'APPROVAL_EXPIRED');
    assert.equal(store.state(record.reference), 'expired');
    assert.equal(shown.at(-1)?.state, 'expired', 'and the card shows it');
    store.aheadMs = 0;
    await refuses(press(record), 'APPROVAL_EXPIRED');
  });

  it('when it is too late, also where somebody else ends the request at the same time', async () => {
    const { ask, press, refuses, store, shown } = make();
    const record = await ask('requester', ben);
    store.aheadMs = 600_000;
    const told = shown.length;
    store.onReplace = async () => store.tamper(record.reference, (row) => ({ ...row, state: 'withdrawn' }));
    await refuses(press(record), 'APPROVAL_EXPIRED');
    assert.equal(store.state(record.reference), 'withdrawn', 'whoever was faster is not overwritten');
    assert.equal(shown.length, told, 'and shows it');
  });

  it('not a millisecond before it is too late', async () => {
    const { ask, press, store } = make();
    const record = await ask('requester', ben);
    store.aheadMs = 599_999;
    assert.equal((await press(record)).kind, 'approved');
  });

  it('after a kill, and stays so after a revival', async () => {
    const { ask, press, refuses, latchStore, clock, store, shown } = make();
    const record = await ask('requester', ben);
    latchStore.put({ level: 'full', epoch: 7 });
    clock.advance(1_000);
    await refuses(press(record), 'KILLED');
    assert.equal(store.state(record.reference), 'killed');
    assert.equal(shown.at(-1)?.state, 'killed');
    latchStore.put({ level: 'full', epoch: 5 });
    clock.advance(1_000);
    await refuses(press(record), 'APPROVAL_SETTLED');
  });

  it('when the latch is off under the same epoch, or missing', async () => {
    for (const row of [latch({ level: 'off', epoch: 5 }), undefined]) {
      const { ask, press, refuses, latchStore, clock, store } = make();
      const record = await ask('requester', ben);
      latchStore.row = row;
      clock.advance(1_000);
      await refuses(press(record), 'KILLED');
      assert.equal(store.state(record.reference), 'killed', 'and stays so when the latch comes back');
    }
  });

  it('when the latch can’t be read', async () => {
    const { ask, click, latchStore, clock, actions, store } = make();
    const record = await ask('requester', ben);
    latchStore.onRead = async () => Promise.reject(new Error('503'));
    clock.advance(1_000);
    await rejectsWith(click(record), 'LATCH_UNREADABLE');
    assert.deepEqual(actions.ran, []);
    assert.equal(store.state(record.reference), 'pending');
  });

  describe('when what is bound is no longer what is stored:', () => {
    const changes: Readonly<Record<string, (record: ApprovalRecord) => ApprovalRecord>> = {
      'the reason': withStep((step) => ({ ...step, arguments: { ...step.arguments, reason: { text: 'other' } } })),
      'the target': withStep((step) => ({ ...step, arguments: { ...step.arguments, person: { kind: 'person', handle: 'person_aaaaaaaaaaaa', id: cleo.id, label: 'ben' } } })),
      'the kind of the target': withStep((step) => ({ ...step, arguments: { ...step.arguments, person: { kind: 'device', handle: 'person_aaaaaaaaaaaa', id: ben.id, label: 'ben' } } })),
      'the target, made a text': withStep((step) => ({ ...step, arguments: { ...step.arguments, person: { text: `person:${ben.id.digest()}` } } })),
      'which argument is the target': withStep(({ targetParameter: _, ...step }) => step),
      'one argument less': withStep((step) => ({ ...step, arguments: { person: step.arguments['person']! } })),
      'one argument more': withStep((step) => ({ ...step, arguments: { ...step.arguments, force: { text: 'yes' } } })),
      'the action': withStep((step) => ({ ...step, action: 'unblock_sign_in' })),
      'the version': withStep((step) => ({ ...step, version: '1.0.1' })),
      'one step more': withSteps((steps) => [...steps, steps[0]!]),
      'one step less': withSteps((steps) => steps.slice(1)),
      'the order of the steps': withSteps((steps) => [...steps].reverse()),
      'no steps': withSteps(() => []),
      'the label of the target': withStep((step) => ({ ...step, arguments: { ...step.arguments, person: { ...step.arguments['person']!, label: 'Cleo' } } })),
      'where the reason came from': withStep((step) => ({ ...step, provenance: { reason: 'your words' } })),
      'where the target came from': withStep((step) => ({ ...step, provenance: { ...step.provenance, person: 'your words' } })),
      'what the card says about the target': withStep((step) => ({ ...step, targetContext: ['Chef'] })),
      'the order of what the card says about the target': withStep((step) => ({ ...step, targetContext: ['ben@contoso.example', 'Chef'] })),
      'less of what the card says about the target': withStep((step) => ({ ...step, targetContext: [] })),
      'the name of the target parameter': withStep((step) => ({ ...step, targetParameter: 'reason' })),
      'the digest of a step': withStep((step) => ({ ...step, digest: 'f'.repeat(64) })),
      'the name of an argument': withStep((step) => ({ ...step, arguments: { person: step.arguments['person']!, why: step.arguments['reason']! } })),
      'an argument of another step': withSteps(([one, two]) => [{ ...one!, arguments: two!.arguments }, two!]),
      'a step twice': withSteps(([one]) => [one!, one!]),
      'steps made a raise': (record) => ({ ...record, subject: { kind: 'raise', reason: 'x', action: 'block_sign_in', perHour: 9 } }),
      'the name of the requester': (record) => ({ ...record, requesterName: 'Root' }),
      'when it was made': (record) => ({ ...record, createdAt: new Date(record.createdAt.getTime() + 1) }),
      'when it ends': (record) => ({ ...record, expiresAt: new Date(record.expiresAt.getTime() + 1) }),
      'steps made a revival': (record) => ({ ...record, subject: { kind: 'revive', reason: 'x', what: { scope: 'all', level: 'full' }, stillStopped: [] } }),
      'whose click it takes': (record) => ({ ...record, by: 'second person' }),
      'the requester': (record) => ({ ...record, requester: cleo.id }),
      'the conversation of the request': (record) => ({ ...record, place: { ...record.place, conversationId: 'chat-of-eve' } }),
      'the message that asked': (record) => ({ ...record, requestActivityId: 'message-2' }),
      'the kill epoch': (record) => ({ ...record, killEpoch: 4 }),
      'the binding': (record) => ({ ...record, binding: 'f'.repeat(64) }),
      'the binding, of another request': (record) => ({ ...record, binding: '' }),
    };
    for (const [what, change] of Object.entries(changes)) {
      it(what, async () => {
        const { ask, press, refuses, store } = make();
        const record = await ask('requester', ben, cleo);
        store.tamper(record.reference, change);
        // The first whose click reaches the binding finds it; nobody's click does anything.
        for (const clicker of [ada, paul, cleo]) await refuses(press(record, clicker));
        assert.equal(store.state(record.reference), 'killed', 'found by its binding, and dead for good');
      });
    }

    it('a second person’s request, made the requester’s own', async () => {
      const { ask, press, refuses, store } = make();
      const record = await ask('second person', vip);
      store.tamper(record.reference, (stored) => ({ ...stored, by: 'requester' }));
      await refuses(press(record, ada), 'APPROVAL_STALE');
    });

    it('a row copied under another reference', async () => {
      const { ask, press, refuses, store } = make();
      const record = await ask('requester', ben);
      const copy = { ...store.rows.get(record.reference)!.value, reference: 'a-copy-of-the-row-elsewhere' };
      await store.insert(copy);
      await refuses(press(copy), 'APPROVAL_STALE');
    });

    for (const index of [0, 1, 2, 3]) {
      it(`the ${['catalogue', 'policy', 'contract', 'configuration'][index]}, by a deployment`, async () => {
        const { ask, dependencies, actions, store, shown } = make();
        const record = await ask('requester', ben);
        const bindings = dependencies.bindings.map((digest, at) => (at === index ? 'new' : digest));
        const result = await new Approvals({ ...dependencies, bindings }).click({ reference: record.reference, decision: 'approve', clicker: ada, card });
        assert.equal(result.kind === 'refused' && result.code, 'APPROVAL_STALE');
        assert.deepEqual(actions.ran, []);
        assert.equal(store.state(record.reference), 'killed');
        assert.equal(shown.at(-1)?.state, 'killed');
      });
    }

    it('an action that left the catalogue or has another version, though the digests agree', async () => {
      const { ask, dependencies, actions } = make();
      const record = await ask('requester', ben);
      for (const catalogue of [new Catalogue([actions.look]), new Catalogue([{ ...actions.block, version: '2.0.0' }, actions.unblock])]) {
        const result = await new Approvals({ ...dependencies, catalogue }).click({ reference: record.reference, decision: 'approve', clicker: ada, card });
        assert.equal(result.kind === 'refused' && result.code, 'APPROVAL_STALE');
      }
      assert.deepEqual(actions.ran, []);
    });
  });

  describe('by the second decision when, since the card,', () => {
    type Made = ReturnType<typeof make>;
    const changes: readonly (readonly [string, (made: Made) => void, StewardErrorCode])[] = [
      ['the requester lost the role', ({ directory }) => directory.put({ ...ada, roles: ['employee'] }), 'POLICY_DENIED'],
      ['the requester was blocked', ({ directory }) => directory.put({ ...ada, enabled: false }), 'POLICY_DENIED'],
      ['the requester left', ({ directory }) => directory.remove(ada), 'PERSON_UNKNOWN'],
      ['the target became privileged', ({ directory }) => directory.put({ ...ben, privileged: true }), 'TARGET_PRIVILEGED'],
      ['the target became a VIP', ({ directory }) => directory.put({ ...ben, vip: true }), 'POLICY_DENIED'],
      ['the target left', ({ directory }) => directory.remove(ben), 'TARGET_MISSING'],
      ['the directory went down', ({ directory }) => void (directory.down = true), 'DIRECTORY_UNAVAILABLE'],
      ['Steward became read-only', ({ latchStore, clock }) => (latchStore.put({ level: 'read-only' }), clock.advance(1_000)), 'READ_ONLY'],
    ];
    for (const [what, change, code] of changes) {
      it(what, async () => {
        const made = make();
        const record = await made.ask('requester', ben);
        change(made);
        await made.refuses(made.press(record), code);
        assert.equal(made.store.state(record.reference), 'pending');
      });
    }

    it('one of several targets became privileged: none of them runs', async () => {
      const { ask, press, refuses, directory } = make();
      const record = await ask('requester', ben, cleo);
      directory.put({ ...cleo, privileged: true });
      await refuses(press(record), 'TARGET_PRIVILEGED');
    });
  });

  describe('by the third decision when, between the click and the execution,', () => {
    type Made = ReturnType<typeof make>;
    const changes: readonly (readonly [string, (made: Made) => void])[] = [
      ['the target became privileged', ({ directory }) => directory.put({ ...ben, privileged: true })],
      ['the target left', ({ directory }) => directory.remove(ben)],
      ['the directory went down', ({ directory }) => void (directory.down = true)],
      ['Steward was killed', ({ latchStore, clock }) => (latchStore.put({ level: 'off', epoch: 6 }), clock.advance(1_000))],
      ['Steward was killed and revived', ({ latchStore, clock }) => (latchStore.put({ level: 'full', epoch: 7 }), clock.advance(1_000))],
      ['the requester lost the role', ({ directory }) => directory.put({ ...ada, roles: ['employee'] })],
      ['the requester was blocked', ({ directory }) => directory.put({ ...ada, enabled: false })],
    ];
    for (const [what, change] of changes) {
      it(what, async () => {
        const made = make();
        const record = await made.ask('requester', ben);
        const result = await made.click(record);
        assert(result.kind === 'approved');
        change(made);
        await result.proceed();
        assert.deepEqual(made.actions.ran, []);
        assert.equal(made.store.state(record.reference), 'failed');
        assert.equal(made.shown.at(-1)?.state, 'failed');
      });
    }
  });
});

describe('approvals: a second person', () => {
  const changes: readonly (readonly [string, PersonFacts | undefined])[] = [
    ['lost the role', { ...paul, roles: ['employee'] }],
    ['was blocked', { ...paul, enabled: false }],
    ['turned out to be the requester', { ...paul, employeeId: ada.employeeId! }],
    ['left', undefined],
  ];
  for (const [what, changed] of changes) {
    it(`who ${what} between the click and the execution has approved nothing`, async () => {
      const { ask, click, directory, actions, store } = make();
      const record = await ask('second person', vip);
      const result = await click(record, paul);
      assert(result.kind === 'approved');
      if (changed === undefined) directory.remove(paul);
      else directory.put(changed);
      await result.proceed();
      assert.deepEqual(actions.ran, []);
      assert.equal(store.state(record.reference), 'failed');
    });
  }

  it('approves what the requester can’t, and the ledger names both', async () => {
    const { ask, press, actions, records } = make();
    const record = await ask('second person', vip);
    assert.equal((await press(record, paul)).kind, 'approved');
    assert.equal(actions.ran.length, 1);
    const [intent] = records.events('intent');
    assert.equal(intent?.requester, digestKey.digest(ada.id.digest()));
    assert.equal(intent.approver, digestKey.digest(paul.id.digest()));
  });

  const refusals: readonly (readonly [string, PersonFacts, StewardErrorCode])[] = [
    ['the requester', ada, 'APPROVAL_OWN_REQUEST'],
    ['the requester, though an approver', { ...ada, roles: ['helpdesk', 'approver'] }, 'APPROVAL_OWN_REQUEST'],
    ['the requester’s other account', person('ada-admin', { roles: ['approver'], employeeId: ada.employeeId! }), 'APPROVAL_OWN_REQUEST'],
    ['an account without an employee id', { ...paul, employeeId: undefined }, 'APPROVAL_OWN_REQUEST'],
    ['somebody without the role', cleo, 'APPROVAL_NOT_YOURS'],
    ['an admin who is no approver', root, 'APPROVAL_NOT_YOURS'],
    ['a colleague of the helpdesk', person('hugo', { roles: ['helpdesk'] }), 'APPROVAL_NOT_YOURS'],
    ['an approver who is a guest', { ...paul, guest: true }, 'APPROVAL_NOT_YOURS'],
    ['an approver who is blocked', { ...paul, enabled: false }, 'APPROVAL_NOT_YOURS'],
  ];
  for (const [who, clicker, code] of refusals) {
    it(`is not ${who}`, async () => {
      const { ask, press, refuses, store } = make();
      const record = await ask('second person', vip);
      await refuses(press(record, clicker), code);
      assert.equal(store.state(record.reference), 'pending');
    });
  }

  it('can’t be anybody when the requester has no employee id', async () => {
    const { ask, press, refuses, directory } = make();
    const record = await ask('second person', vip);
    const { employeeId: _, ...nobody } = ada;
    directory.put(nobody);
    await refuses(press(record, paul), 'APPROVAL_OWN_REQUEST');
  });

  it('denies, and nothing runs', async () => {
    const { ask, press, actions, store } = make();
    const record = await ask('second person', vip);
    assert.equal((await press(record, paul, { decision: 'deny' })).kind, 'settled');
    assert.equal(store.state(record.reference), 'denied');
    assert.deepEqual(actions.ran, []);
  });

  it('is told apart from the requester by account and employee id', () => {
    assert.equal(isSameHuman(ada, paul), false);
    assert.equal(isSameHuman(ada, { ...paul, id: new InternalId('ID-OF-ADA') }), true);
    assert.equal(isSameHuman(ada, { ...paul, employeeId: ada.employeeId! }), true);
  });
});

describe('approvals: execution', () => {
  it('does the steps in their order', async () => {
    const { ask, press, actions, outcomes } = make();
    const record = await ask('requester', ben, cleo);
    await press(record);
    assert.deepEqual(actions.ran.map(({ who }) => who), ['ben', 'cleo']);
    assert.deepEqual(outcomes(record.reference), ['done', 'done']);
  });

  it('goes on when another of its cards is noted between the click and the execution, and before its end', async () => {
    const world = make();
    const { actions, approvals, ask, click, outcomes, store } = world;
    const record = await ask('second person', vip);
    const result = await click(record, paul);
    if (result.kind !== 'approved') assert.fail(result.kind);
    await approvals.cardSent(record.reference, { ...card, activityId: 'card-2', purpose: 'look' });
    actions.inside = async () => {
      await approvals.cardSent(record.reference, { ...card, activityId: 'card-3', purpose: 'look' });
      return undefined;
    };
    await result.proceed();
    assert.equal(actions.ran.length, 1);
    assert.deepEqual(outcomes(record.reference), ['done']);
    const { value } = store.rows.get(record.reference) ?? assert.fail('no row');
    assert.equal(value.state, 'succeeded');
    assert.deepEqual(value.cards.map(({ activityId }) => activityId), ['card-1', 'card-2', 'card-3']);
  });

  it('ends all that wait at a kill, also one that is just noting its cards', async () => {
    const { approvals, ask, propose, store } = make();
    const record = await ask('requester', ben);
    const revival = await propose();
    const replace = store.replace.bind(store);
    let noted = false;
    store.replace = async (value, etag) => {
      if (!noted && value.state === 'killed') {
        noted = true;
        await approvals.cardSent(record.reference, { ...card, activityId: 'card-2' });
      }
      return replace(value, etag);
    };
    assert.equal(await approvals.killPending(), 2);
    for (const { reference } of [record, revival]) assert.equal(store.rows.get(reference)?.value.state, 'killed');
  });

  it('does not begin when one target is in nobody’s directory', async () => {
    const { ask, press, refuses, directory, outcomes } = make();
    const dan = person('dan');
    directory.put(dan);
    const record = await ask('requester', ben, dan);
    directory.remove(dan);
    await refuses(press(record), 'TARGET_MISSING');
    assert.deepEqual(outcomes(record.reference), ['waiting', 'waiting']);
  });

  for (const [code, outcome, state] of [['SYSTEM_REFUSED', 'failed', 'failed'], ['SYSTEM_OUTCOME_UNKNOWN', 'unknown', 'unknown']] as const) {
    it(`stops after a step that ended ${outcome}, and the later ones are not run`, async () => {
      const { ask, press, actions, outcomes, store, shown, directory } = make();
      const dan = person('dan');
      directory.put(dan);
      const record = await ask('requester', ben, cleo, dan);
      actions.inside = async () => (actions.ran.length === 2 ? Promise.reject(new StewardError(code, 'for the test')) : undefined);
      await press(record);
      assert.deepEqual(actions.ran.map(({ who }) => who), ['ben', 'cleo']);
      assert.deepEqual(outcomes(record.reference), ['done', outcome, 'not run']);
      assert.equal(store.state(record.reference), state);
      assert.equal(stepsOf(shown.at(-1)!)[1]?.problem, code);
    });
  }

  it('refuses each step afresh: a target that becomes privileged during the first one is left alone', async () => {
    const { ask, press, actions, outcomes, directory } = make();
    const record = await ask('requester', ben, cleo);
    actions.inside = async () => directory.put({ ...cleo, privileged: true });
    await press(record);
    assert.deepEqual(actions.ran.map(({ who }) => who), ['ben']);
    assert.deepEqual(outcomes(record.reference), ['done', 'failed']);
  });

  it('stops at a kill between two steps', async () => {
    const { ask, press, actions, outcomes, killSwitch } = make();
    const record = await ask('requester', ben, cleo);
    actions.inside = async () => {
      await killSwitch.kill({ digest: 'admin', name: 'Root', reason: 'kill all' });
      return undefined;
    };
    await press(record);
    assert.deepEqual(actions.ran.map(({ who }) => who), ['ben']);
    assert.deepEqual(outcomes(record.reference), ['done', 'failed']);
  });

  it('ticks off each step where people look on, and waits for none of it', async () => {
    const { ask, press, audience, actions, store, directory } = make();
    const dan = person('dan');
    directory.put(dan);
    const record = await ask('requester', ben, cleo, dan);
    const slow = deferred<undefined>();
    // The channel takes for ever to show a tick. The outcome at the end is shown when it is there again.
    audience.onChanged = async ({ state }) => (state === 'executing' ? slow.promise : undefined);
    await press(record);
    assert.deepEqual(actions.ran.map(({ who }) => who), ['ben', 'cleo', 'dan']);
    const ticks = audience.shown.map((shown) => [shown.state, ...stepsOf(shown).map(({ outcome }) => outcome)]);
    assert.deepEqual(ticks, [
      ['executing', 'done', 'running', 'waiting'],
      ['executing', 'done', 'done', 'running'],
      ['succeeded', 'done', 'done', 'done'],
    ]);
    assert.equal(store.state(record.reference), 'succeeded');
    slow.resolve(undefined);
  });

  const meanwhile: readonly (readonly [string, (directory: Directory) => void])[] = [
    ['the requester lost the role', (directory) => directory.put({ ...ada, roles: ['employee'] })],
    ['the requester was blocked', (directory) => directory.put({ ...ada, enabled: false })],
    ['the requester left', (directory) => directory.remove(ada)],
    ['the approver lost the role', (directory) => directory.put({ ...paul, roles: ['employee'] })],
    ['the approver was blocked', (directory) => directory.put({ ...paul, enabled: false })],
    ['the approver left', (directory) => directory.remove(paul)],
    ['the directory went down', (directory) => void (directory.down = true)],
  ];
  for (const [what, change] of meanwhile) {
    it(`leaves the second step alone when ${what} during the first`, async () => {
      const { ask, press, actions, outcomes, directory, store } = make();
      const record = await ask('second person', ben, vip);
      actions.inside = async () => change(directory);
      await press(record, paul);
      assert.deepEqual(actions.ran.map(({ who }) => who), ['ben']);
      assert.deepEqual(outcomes(record.reference), ['done', 'failed']);
      assert.equal(store.state(record.reference), 'failed');
    });
  }

  it('stops where the limit is reached meanwhile by others', async () => {
    const { ask, press, actions, outcomes, limits } = make({}, { perHour: 2, perPersonPerHour: 2 });
    const record = await ask('requester', ben, cleo);
    actions.inside = async () => {
      await limits.take(actions.block, 'somebody else');
      return undefined;
    };
    await press(record);
    assert.deepEqual(actions.ran.map(({ who }) => who), ['ben']);
    assert.deepEqual(outcomes(record.reference), ['done', 'failed']);
  });

  it('does not begin what lost its target or its action in storage, whatever its digests say', async () => {
    const { ask, click, store, actions, outcomes } = make();
    for (const change of [withStep((step) => ({ ...step, targetParameter: 'reason' })), withStep((step) => ({ ...step, targetParameter: 'nobody' })), withStep((step) => ({ ...step, version: '9.9.9' }))]) {
      const record = await ask('requester', ben);
      const result = await click(record);
      assert(result.kind === 'approved');
      // What `proceed` holds is what was approved; the steps are taken from there and not from the row.
      store.tamper(record.reference, change);
      await result.proceed();
      assert.deepEqual(actions.ran, [], 'the row changed under it: it lost the swap');
      assert.equal(outcomes(record.reference)[0], 'waiting');
    }
  });

  it('succeeds though it could not be noted for whoever wants to take it back', async () => {
    const { ask, press, store } = make();
    store.onNoteDone = async () => Promise.reject(new StewardError('STORAGE_UNAVAILABLE', 'down'));
    const record = await ask('requester', ben);
    await press(record);
    assert.equal(store.state(record.reference), 'succeeded');
  });

  it('hands on what an approved read brought back, and nothing of an effect', async () => {
    const { approvals, actions, press, brought } = make();
    const steps = planOf(actions.catalogue, { action: actions.block, who: ben }, { action: actions.look, who: ben }).steps;
    const record = await approvals.request({ subject: { kind: 'steps', steps }, by: 'requester', requester: ada, place, requestActivityId: 'message-1', turn: 'turn-1' });
    await approvals.cardSent(record.reference, card);
    await press(record);
    assert.deepEqual(brought, [['show_person', ['person']]]);
  });

  it('says that it was observed in observe mode', async () => {
    const { ask, press, actions, outcomes, latchStore, store } = make();
    latchStore.put({ level: 'observe' });
    const record = await ask('requester', ben);
    await press(record);
    assert.deepEqual(actions.ran, []);
    assert.deepEqual(outcomes(record.reference), ['observed']);
    assert.equal(store.state(record.reference), 'succeeded');
  });

  it('does not begin a step that it can’t note as begun', async () => {
    const { ask, click, actions, store } = make();
    const result = await click(await ask('requester', ben));
    assert(result.kind === 'approved');
    store.onReplace = async () => Promise.reject(new StewardError('STORAGE_UNAVAILABLE', 'down'));
    await rejectsWith(result.proceed(), 'STORAGE_UNAVAILABLE');
    assert.deepEqual(actions.ran, []);
  });

  it('renews its sign of life before each step', async () => {
    const { ask, press, actions, store, clock } = make();
    const record = await ask('requester', ben, cleo);
    const alive: number[] = [];
    actions.inside = async () => {
      alive.push(store.rows.get(record.reference)!.value.aliveUntil!.getTime() - clock.now().getTime());
      clock.advance(20_000);
    };
    await press(record);
    // Counted from storage's clock at the write before, which may be one step old.
    assert.deepEqual(alive, [90_000, 70_000]);
  });
});

describe('approvals: withdrawing', () => {
  it('by an edited or deleted message ends what it asked for, and nothing else', async () => {
    const { ask, approvals, press, refuses, store, shown } = make();
    const record = await ask('requester', ben);
    assert.equal(await approvals.withdrawFor('chat-of-eve', 'message-1'), 0);
    assert.equal(await approvals.withdrawFor('chat-of-ada', 'message-2'), 0);
    assert.equal(await approvals.withdrawFor('chat-of-ada', 'message-1'), 1);
    assert.equal(store.state(record.reference), 'withdrawn');
    assert.equal(shown.at(-1)?.state, 'withdrawn');
    await refuses(press(record), 'APPROVAL_SETTLED');
    assert.equal(await approvals.withdrawFor('chat-of-ada', 'message-1'), 0);
  });

  it('by cancel ends all of one person in one conversation', async () => {
    const { ask, approvals } = make();
    await ask('requester', ben);
    await ask('requester', cleo);
    assert.equal((await approvals.pendingOf('chat-of-ada', ada)).length, 2);
    assert.equal((await approvals.counts()).pending, 2);
    assert.equal(await approvals.withdrawAll('chat-of-ada', ben), 0);
    assert.equal(await approvals.withdrawAll('chat-of-eve', ada), 0);
    assert.equal(await approvals.withdrawAll('chat-of-ada', ada), 2);
    assert.equal((await approvals.counts()).pending, 0);
  });

  it('does not reach what is already executing', async () => {
    const { ask, press, approvals, actions, store } = make();
    const record = await ask('requester', ben);
    actions.inside = async () => assert.equal(await approvals.withdrawAll('chat-of-ada', ada), 0);
    await press(record);
    assert.equal(store.state(record.reference), 'succeeded');
  });

  it('of a card that could not be shown leaves nothing to click', async () => {
    const { requestFor, approvals, press, refuses, store } = make();
    const record = await requestFor('requester', ben);
    await approvals.abandon(record.reference);
    assert.equal(store.state(record.reference), 'withdrawn');
    await approvals.cardSent(record.reference, card);
    await refuses(press(record), 'APPROVAL_SETTLED');
  });

  it('by a kill ends everything that is pending', async () => {
    const { ask, approvals, store } = make();
    const records = [await ask('requester', ben), await ask('second person', vip)];
    assert.equal(await approvals.killPending(), 2);
    for (const { reference } of records) assert.equal(store.state(reference), 'killed');
  });
});

describe('approvals: sweeping', () => {
  it('expires what waited too long by storage’s clock, and nothing sooner', async () => {
    const { ask, approvals, store, shown } = make();
    const record = await ask('requester', ben);
    store.aheadMs = 599_999;
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'pending');
    store.aheadMs = 600_000;
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'expired');
    assert.equal(shown.at(-1)?.state, 'expired');
  });

  it('says of what an instance was doing when it died that the outcome is unknown', async () => {
    const { ask, click, approvals, actions, store, clock, outcomes } = make();
    const record = await ask('requester', ben, cleo);
    const result = await click(record);
    assert(result.kind === 'approved');
    const forever = deferred<undefined>();
    actions.inside = () => forever.promise;
    const proceeding = result.proceed();
    await settle();
    clock.advance(89_999);
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'executing', 'it may still be alive');
    clock.advance(1);
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'unknown');
    assert.deepEqual(outcomes(record.reference), ['unknown', 'not run']);
    // It was only slow. Its record is closed, so it must not go on with the second step.
    forever.resolve(undefined);
    await proceeding;
    assert.equal(actions.ran.length, 1);
    assert.equal(store.state(record.reference), 'unknown');
  });

  it('says of what was approved and never begun that it failed', async () => {
    const { ask, click, approvals, actions, store, clock, outcomes } = make();
    const record = await ask('requester', ben);
    const result = await click(record);
    assert(result.kind === 'approved');
    clock.advance(89_999);
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'approved');
    clock.advance(1);
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'failed');
    assert.deepEqual(outcomes(record.reference), ['waiting']);
    await result.proceed();
    assert.deepEqual(actions.ran, [], 'and it does not begin afterwards');
  });

  it('leaves alone what is settled', async () => {
    const { ask, press, approvals, store, clock } = make();
    const record = await ask('requester', ben);
    await press(record);
    clock.advance(24 * HOUR);
    await approvals.sweep();
    assert.equal(store.state(record.reference), 'succeeded');
  });
});

describe('approvals: revival', () => {
  /** A Steward that was killed, and a proposal by one admin. */
  async function proposed() {
    const made = make();
    await made.killSwitch.kill({ digest: 'admin', name: 'Root', reason: 'kill all' });
    return { ...made, record: await made.propose() };
  }

  it('takes two admins', async () => {
    const { record, press, killSwitch, store, latchStore, records } = await proposed();
    assert.equal((await press(record, rhea)).kind, 'settled');
    assert.equal((await killSwitch.assertAlive()).level, 'full');
    assert.equal(store.state(record.reference), 'succeeded');
    assert.deepEqual([latchStore.row?.epoch, latchStore.row?.reason], [7, 'false alarm']);
    const [written] = records.events('latch');
    assert.deepEqual([written?.person, written?.confirmedBy], [digestKey.digest(root.id.digest()), digestKey.digest(rhea.id.digest())]);
  });

  const refusals: readonly (readonly [string, PersonFacts, StewardErrorCode])[] = [
    ['the admin who proposed it', root, 'APPROVAL_OWN_REQUEST'],
    ['another account of the same human', person('root-2', { roles: ['admin'], employeeId: root.employeeId! }), 'APPROVAL_OWN_REQUEST'],
    ['an admin without an employee id', { ...rhea, employeeId: undefined }, 'APPROVAL_OWN_REQUEST'],
    ['an approver', paul, 'APPROVAL_NOT_YOURS'],
    ['the helpdesk', ada, 'APPROVAL_NOT_YOURS'],
    ['an admin who is a guest', { ...rhea, guest: true }, 'APPROVAL_NOT_YOURS'],
    ['an admin who is blocked', { ...rhea, enabled: false }, 'APPROVAL_NOT_YOURS'],
  ];
  for (const [who, clicker, code] of refusals) {
    it(`is not confirmed by ${who}`, async () => {
      const { record, press, refuses, latchStore } = await proposed();
      await refuses(press(record, clicker), code);
      assert.equal(latchStore.row?.level, 'off');
    });
  }

  it('is refused when its proposer is no admin any more, blocked, a guest or gone', async () => {
    const changes: readonly (readonly [(directory: Directory) => void, StewardErrorCode])[] = [
      [(directory) => directory.put({ ...root, roles: ['employee'] }), 'KILL_NOT_ADMIN'],
      [(directory) => directory.put({ ...root, enabled: false }), 'KILL_NOT_ADMIN'],
      [(directory) => directory.put({ ...root, guest: true }), 'KILL_NOT_ADMIN'],
      [(directory) => directory.remove(root), 'PERSON_UNKNOWN'],
      [(directory) => void (directory.down = true), 'DIRECTORY_UNAVAILABLE'],
    ];
    for (const [change, code] of changes) {
      const { record, press, refuses, latchStore, directory } = await proposed();
      change(directory);
      await refuses(press(record, rhea), code);
      assert.equal(latchStore.row?.level, 'off');
    }
  });

  it('is dead after another kill', async () => {
    const { record, press, refuses, killSwitch, latchStore } = await proposed();
    await killSwitch.kill({ digest: 'admin', name: 'Rhea', reason: 'kill all' });
    await refuses(press(record, rhea), 'KILLED');
    assert.equal(latchStore.row?.level, 'off');
  });

  it('does not come over a latch that was deleted', async () => {
    const { record, press, refuses, latchStore, clock } = await proposed();
    latchStore.row = undefined;
    clock.advance(1_000);
    await refuses(press(record, rhea));
    assert.equal(latchStore.row, undefined);
  });

  it('happens once out of many clicks', async () => {
    const { record, press, latchStore } = await proposed();
    const results = await Promise.all(Array.from({ length: 10 }, () => press(record, rhea)));
    assert.equal(results.filter(({ kind }) => kind === 'settled').length, 1);
    assert.equal(latchStore.row?.epoch, 7);
  });

  it('is declined by the second admin, and Steward stays off', async () => {
    const { record, press, latchStore } = await proposed();
    assert.equal((await press(record, rhea, { decision: 'deny' })).kind, 'settled');
    assert.equal(latchStore.row?.level, 'off');
  });

  it('never happens on one admin’s word, however the request was made', async () => {
    const made = make();
    await made.killSwitch.kill({ digest: 'admin', name: 'Root', reason: 'kill all' });
    const record = await made.propose('requester');
    await made.press(record, root);
    assert.equal(made.latchStore.row?.level, 'off');
  });
});
