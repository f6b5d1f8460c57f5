import assert from 'node:assert/strict';
import type { TurnContext } from 'botbuilder';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { createScrubber } from '../../../src/audit/scrub.ts';
import { claimsAnEffect, StewardPlanner, type PlannerDependencies } from '../../../src/bot/planner.ts';
import { Speaker } from '../../../src/bot/say.ts';
import { attachTurn, Turn } from '../../../src/bot/turn.ts';
import { en } from '../../../src/bot/wording/en.ts';
import { ANNA, ANNA_GUID, handlesWith, NOW_MS, person, PLACE } from './support.ts';

/** A planner whose every dependency fails when it is called, but for those given. */
function planner(given: Partial<PlannerDependencies> = {}): StewardPlanner {
  const untouched = (name: string): never => new Proxy({}, { get: (_, key) => assert.fail(`${name}.${String(key)} was touched`) }) as never;
  return new StewardPlanner({
    catalogue,
    contract: 'c',
    ceiling: untouched('ceiling'),
    gate: untouched('gate'),
    executor: untouched('executor'),
    approvals: untouched('approvals'),
    killSwitch: untouched('killSwitch'),
    desk: untouched('desk'),
    ledger: { record: async () => ({ id: 'ref-1' }) } as unknown as PlannerDependencies['ledger'],
    digestKey: { digest: (text: string) => text.slice(0, 4) },
    speaker: new Speaker([], () => []),
    scrubber: createScrubber(() => []),
    clock: { now: () => new Date(NOW_MS), monotonicMs: () => 0 },
    ...given,
  });
}

function conversation(signal = new AbortController().signal): { readonly context: TurnContext; readonly turn: Turn; readonly sent: string[] } {
  const sent: string[] = [];
  const context = { turnState: new Map(), sendActivity: async (activity: { text?: string }) => (sent.push(activity.text ?? ''), { id: 'a' }) } as unknown as TurnContext;
  const turn = new Turn({ context, person: person(), place: PLACE, requestActivityId: 'm1', untrusted: false, signal, enter: () => undefined, isWithdrawn: async () => false, memory: { history: [], handles: handlesWith().entries(NOW_MS), words: [] }, nowMs: NOW_MS });
  attachTurn(context, turn);
  return { context, turn, sent };
}

describe('bot/planner: what sounds like an effect', () => {
  for (const text of ['Sign-in was blocked.', 'I have blocked her.', 'Done!', 'She is signed out everywhere.', 'Her sessions have ended.', 'I disabled the account', 'Account re-enabled.', 'It was successful', 'It succeeded.', 'Das Konto ist gesperrt.', 'ERLEDIGT', 'The device was wiped', 'Request approved', 'I signed her out everywhere.', 'I logged him out of all sessions.', 'Her account is now deactivated.']) {
    it(`is ${JSON.stringify(text)}`, () => {
      assert.equal(claimsAnEffect(text), true);
    });
  }
  for (const text of ['Whom do you mean?', 'I found {person_k7m2qz}.', 'Hello there', 'A blockchain is not my topic.', 'Sign-in is allowed.', 'Please confirm it on the card.', 'She has two devices.']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(claimsAnEffect(text), false);
    });
  }
});

describe('bot/planner: the last word', () => {
  it('says beside a claimed effect that nothing was changed', async () => {
    const { context, sent, turn } = conversation();
    await planner().say(context, 'I blocked {person_k7m2qz}.');
    assert.deepEqual(sent, [`I blocked Anna Weber.\n\n${en.nothingChanged}`]);
    assert.equal(turn.ended, true);
  });
  it('withholds an answer with an internal id, and says so with a reference', async () => {
    const { context, sent } = conversation();
    await planner().say(context, `It is ${ANNA_GUID}.`);
    assert.deepEqual(sent, [`${en.errors.SAY_WITHHELD}${en.reference('ref-1')}`]);
  });
  it('sends no empty message when the gate left nothing of the text', async () => {
    const { context, sent } = conversation();
    await planner().say(context, '![x](https://evil.example/a.png)');
    assert(!sent.includes(''));
  });
});

describe('bot/planner: the door behind every command', () => {
  for (const [what, callId, command] of [
    ['a step that was never decided', 'call_1', 'block_sign_in'],
    ['no call id', undefined, 'block_sign_in'],
    ['a call id that is no text', { toString: 'x' }, 'block_sign_in'],
    ['a name that leads into prototypes', 'constructor', 'constructor'],
    ['the framework’s own command', '___DO___', '___DO___'],
  ] as const) {
    it(`refuses ${what}: nothing is executed, and one sentence is said`, async () => {
      const { context, sent, turn } = conversation();
      assert.equal(await planner().door(context, callId, command), '');
      assert.equal(sent.length, 1);
      assert.equal(turn.ended, true);
      assert.equal(await planner().door(context, callId, command), '', 'and nothing more after that');
      assert.equal(sent.length, 1);
    });
  }
  it('refuses to ask people when nothing waits for them', async () => {
    const { context, sent } = conversation();
    await planner().door(context, 'x', 'steward.ask_people');
    assert.equal(sent.length, 1);
  });
  it('says the sentence of the error even when the ledger can’t be written', async () => {
    const { context, sent } = conversation();
    await planner({ ledger: { record: async () => Promise.reject(new Error('SENTINEL')) } as unknown as PlannerDependencies['ledger'] }).door(context, 'x', 'block_sign_in');
    assert.deepEqual(sent, [en.errors.UNEXPECTED]);
  });
});

describe('bot/planner: called off while a step runs', () => {
  /** A step that was decided, and whose end the test decides. */
  function running(name: string): { readonly sent: string[]; readonly turn: Turn; readonly cancel: AbortController; readonly over: Promise<string>; readonly end: (receipt: unknown) => void } {
    const cancel = new AbortController();
    const { context, sent, turn } = conversation(cancel.signal);
    let end: (receipt: unknown) => void = () => undefined;
    const action = catalogue.find(name);
    assert(action !== undefined);
    const step = { callId: 'call_1', action, proposed: {}, resolved: {}, target: { kind: 'person', handle: 'person_k7m2qz', id: ANNA, label: 'Anna Weber' }, provenance: {} };
    turn.decided.set('call_1', { step, token: {} } as never);
    const executor = { execute: () => new Promise((resolve) => (end = resolve)) } as unknown as PlannerDependencies['executor'];
    const over = planner({ executor }).door(context, 'call_1', name);
    return { sent, turn, cancel, over, end: (receipt) => end(receipt) };
  }
  const DONE = { kind: 'done', result: { person: { kind: 'person', id: ANNA, label: 'Anna Weber' }, sign_in: 'blocked' } };

  it('leaves a read behind at once, without a word of its own', async () => {
    const { sent, turn, cancel, over } = running('find_person');
    cancel.abort('cancelled');
    assert.equal(await over, '');
    assert.deepEqual(sent, []);
    assert.equal(turn.ended, true);
  });

  it('waits for an effect and says what came of it: done', async () => {
    const { sent, turn, cancel, over, end } = running('block_sign_in');
    cancel.abort('cancelled');
    end(DONE);
    await over;
    // The next round is where a turn that was called off ends.
    await planner().beginTask(turn.context);
    assert.deepEqual(sent, [en.stoppedAfter('Sign-in is blocked for Anna Weber.') + en.reference('ref-1')]);
  });

  for (const [receipt, code] of [[{ kind: 'unknown', code: 'SYSTEM_OUTCOME_UNKNOWN' }, 'SYSTEM_OUTCOME_UNKNOWN'], [{ kind: 'failed', code: 'SYSTEM_REFUSED' }, 'SYSTEM_REFUSED']] as const) {
    it(`waits for an effect and says what came of it: ${receipt.kind}`, async () => {
      const { sent, cancel, over, end } = running('block_sign_in');
      cancel.abort('cancelled');
      end(receipt);
      await over;
      assert.deepEqual(sent, [en.errors[code] + en.reference('ref-1')]);
    });
  }
});
