/** What the actions on devices, App Services and workflows hand to the robot, and how they read a day and a duration. */
import assert from 'node:assert/strict';
import type { z } from 'zod/v4';
import type { Action } from '../../../src/actions/action.ts';
import { catalogue, toolsOf } from '../../../src/actions/catalogue.ts';
import { HandleBook, type HandleKind } from '../../../src/actions/handles.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { parsePlan } from '../../../src/actions/plan.ts';
import type { CallOptions, DeviceDetails, Robot } from '../../../src/actions/ports.ts';
import { laterPhrases } from '../../../src/actions/schedule.ts';
import { rejectsWith } from '../clients/support.ts';

const thing = (kind: HandleKind) => ({ kind, handle: `${kind}_aaaaaa`, id: new InternalId(`the ${kind}`), label: `The ${kind}` });
const [device, person, app] = [thing('device'), thing('person'), thing('app')];
const details: DeviceDetails = { id: device.id, name: 'X-1', platform: 'ios', osVersion: '18', model: 'M', serialNumber: 'S', compliance: 'compliant', owner: 'company', encrypted: true, user: { id: person.id, displayName: 'Anna Weber' } };

function robotOf(mail?: string): { readonly robot: Robot; readonly calls: readonly unknown[][] } {
  const calls: unknown[][] = [];
  const told = <T>(answer: T) => async (...given: unknown[]): Promise<T> => (calls.push(given), answer);
  const receipt = { requestIds: ['r-1'] };
  const robot = {
    people: { show: told({ id: person.id, displayName: 'Anna Weber', mail }) },
    devices: { findBySerial: told({ devices: [details], more: false }), show: told(details), sync: told(receipt), lock: told(receipt), wipe: told(receipt) },
    appServices: { list: told([{ id: app.id, name: 'intranet', state: 'running' }]), restart: told(receipt) },
    workflows: { start: told(receipt) },
  } as unknown as Robot; // no other hand is asked for
  return { robot, calls };
}

const action = (name: string): Action => catalogue.find(name) ?? assert.fail(name);

async function run(name: string, given: Readonly<Record<string, unknown>>, mail?: string) {
  const { calls, robot } = robotOf(mail);
  const receipts: unknown[] = [];
  const { signal } = new AbortController();
  const result = await action(name).run(given, robot, { signal, requester: new InternalId('asker'), receipt: (each) => void receipts.push(each) });
  assert.equal(action(name).result.safeParse(result).success, true, 'not its declared shape');
  assert.ok(calls.every((call) => (call.at(-1) as CallOptions).signal === signal), 'the call can’t be stopped');
  return { calls: calls.map((call) => call.slice(0, -1)), receipts, result };
}

const reason = 'x';
const expected: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly (readonly unknown[])[]])[] = [
  ['find_device', { serial_number: 'S' }, [['S', 10]]],
  ['show_device', { device }, [[device.id]]],
  ['sync_device', { device }, [[device.id]]],
  ['lock_device', { device, reason }, [[device.id]]],
  ['wipe_device', { device, reason }, [[device.id]]],
  ['list_app_services', {}, [[]]],
  ['restart_app_service', { app, reason }, [[app.id]]],
  ['grant_guest_wifi', { person, days: 3, reason }, [[person.id], ['grant guest wifi', { person_mail: 'anna@contoso.example', days: 3 }]]],
  ['offboard_person', { person, last_day: '2026-12-31', reason }, [['offboard person', { person_object_id: person.id, last_day: '2026-12-31' }]]],
];

describe('actions on devices, App Services and workflows', () => {
  for (const [name, given, calls] of expected) {
    it(`${name} asks for this and nothing else, and hands the receipt of an effect on`, async () => {
      const done = await run(name, given, 'anna@contoso.example');
      assert.deepEqual(done.calls, calls);
      assert.deepEqual(done.receipts, action(name).effect === 'read' ? [] : [{ requestIds: ['r-1'] }]);
    });
  }

  it('ship disabled, take nothing back and need a second person where they can’t be undone', () => {
    for (const name of ['wipe_device', 'restart_app_service', 'grant_guest_wifi', 'offboard_person']) assert.deepEqual([action(name).effect, action(name).ships, action(name).reversibleBy], ['critical', 'disabled', undefined], name);
    assert.deepEqual([action('lock_device').effect, action('lock_device').target, action('lock_device').reversibleBy], ['destructive', 'device', undefined]);
  });

  it('start no workflow for a person without a mail address', async () => {
    const { calls, robot } = robotOf();
    await rejectsWith(action('grant_guest_wifi').run({ person, days: 3, reason }, robot, { signal: new AbortController().signal, requester: person.id, receipt: () => assert.fail('a receipt for nothing') }), 'TARGET_CONFLICT');
    assert.equal(calls.length, 1);
  });

  it('show the user of a device as a thing, and none where it has none', async () => {
    const { result } = await run('show_device', { device });
    assert.deepEqual(result['user'], { kind: 'person', id: person.id, label: 'Anna Weber' });
    assert.equal(result['encryption'], 'on');
  });

  it('keep what steers the parser from the model', () => {
    const tools = JSON.stringify(toolsOf(catalogue.all()));
    assert.doesNotMatch(tools, /"states"|"withinDays"/);
    assert.match(tools, /at most a year from today/);
  });

  it('read a day of the calendar and nothing like it', () => {
    const schema = action('offboard_person').parameters.shape['last_day'] as z.ZodType;
    for (const day of ['2026-12-31', '2028-02-29']) assert.equal(schema.safeParse(day).success, true, day);
    for (const none of ['2027-02-29', '2026-13-01', '2026-1-1', '31.12.2026', '2026-12-31T00:00:00Z', ' 2026-12-31', '']) assert.equal(schema.safeParse(none).success, false, none);
  });

  it('take only what they state as an argument for no delay', () => {
    assert.deepEqual(laterPhrases('on 2026-12-31', ['day']), []);
    assert.deepEqual(laterPhrases('last day is Friday', ['day']), []);
    assert.deepEqual(laterPhrases('for 3 days', ['duration']), []);
    assert.deepEqual(laterPhrases('for 3 days', ['day']), ['for 3 days']);
    assert.deepEqual(laterPhrases('on 2026-12-31', ['duration']), ['on 2026-12-31']);
    assert.deepEqual(laterPhrases('on Friday if nobody objects', ['day', 'duration']), ['if nobody']);
    assert.ok(laterPhrases('on 2026-12-31').length > 0 && laterPhrases('for 3 days').length > 0);
  });

  it('plan an offboarding whose day was given in words, and no other step beside it on that day', () => {
    const nowMs = Date.parse('2026-11-22T10:00:00Z');
    const handles = new HandleBook([], nowMs);
    const who = handles.mint('person', person.id, 'Anna', nowMs);
    const call = (name: string, given: Readonly<Record<string, unknown>>) => ({ id: name, type: 'function', function: { name, arguments: JSON.stringify({ person: who, reason: 'she resigned', ...given }) } });
    const plan = (...calls: readonly unknown[]) => parsePlan(calls, { catalogue, handles, words: ['do that for Anna by 31 December'], nowMs });
    const offboarding = call('offboard_person', { last_day: '2026-12-31' });
    assert.equal(plan(offboarding).steps.length, 1);
    assert.throws(() => plan(offboarding, call('block_sign_in', {})), { code: 'PLAN_SCHEDULED' });
    assert.throws(() => plan(call('offboard_person', { last_day: '2027-11-25' })), { code: 'PLAN_BAD_ARGUMENTS' });
  });
});
