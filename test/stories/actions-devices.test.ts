import assert from 'node:assert/strict';
import { createCompany } from '../../sandbox/company/company.ts';
import type { Company } from '../../sandbox/company/company.ts';
import type { ManagedDevice } from '../../sandbox/company/types.ts';
import { buttonsOf, cardOf, hasCard, isAlive, shown } from './harness/cards.ts';
import { assertNoEffect, assertNoIds, assertRefused, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import type { Fault, Persona } from './harness/journal.ts';
import { calls, says } from './harness/model.ts';
import type { ModelRequest, Step } from './harness/model.ts';
import { finds, settled } from './harness/scenes.ts';
import { cardFor, reachable } from './harness/second.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const SEED = 4711;
/** The buttons have words of their own; what approves is the verb. */
const YES = /^steward\/approve$/;
const WHY = 'it was left on a train';
const PATH = '/v1.0/deviceManagement/managedDevices';

/** The same company as the sandbox's: it follows from the seed. */
let known: Company | undefined;
const companyOf = (world: World): Company => (known ??= createCompany(SEED, world.tenantId));
const devicesOf = (world: World): readonly ManagedDevice[] => [...companyOf(world).devices.values()];
const handleOf = (request: ModelRequest, kind: string, role: 'tool' | 'user' = 'tool'): string => new RegExp(`\\b${kind}_[a-z2-7]{6,40}\\b`).exec(request.last(role))?.[0] ?? assert.fail(`no ${kind}_… handle in: ${request.last(role)}`);

/** The phone or computer of somebody without any role. */
function deviceOf(world: World, platform: ManagedDevice['operatingSystem'], index = 0): ManagedDevice {
  const { devices, directoryRoles } = companyOf(world);
  const privileged = new Set([...directoryRoles.values()].flatMap(({ members }) => members));
  const ordinary = new Set(world.people.filter(({ aadObjectId, name, roles }) => roles.join() === 'employee' && !privileged.has(aadObjectId) && /^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name) && world.people.filter((other) => other.name === name).length === 1).map(({ aadObjectId }) => aadObjectId));
  // A serial number that looks like a word or a product is not taken for one, and reaches the model as it is.
  return [...devices.values()].filter(({ operatingSystem, serialNumber, userId }) => operatingSystem === platform && ordinary.has(userId) && /\d.*\d.*\d/.test(serialNumber))[index] ?? assert.fail(platform);
}

const deviceOfPerson = (world: World, { aadObjectId, name }: Persona, platform?: ManagedDevice['operatingSystem']): ManagedDevice =>
  devicesOf(world).find(({ operatingSystem, userId }) => userId === aadObjectId && (platform === undefined || operatingSystem === platform)) ?? assert.fail(`${name} has none`);

/** The model looks a device up by the serial number that the person typed, which it sees as a handle alone. */
const findsDevice: Step = (request) => calls({ name: 'find_device', arguments: { serial_number: handleOf(request, 'text', 'user') } });
const withDevice = (action: string, rest: Readonly<Record<string, unknown>> = {}): Step => (request) => calls({ name: action, arguments: { device: handleOf(request, 'device'), ...rest } });

type Effect = 'sync' | 'lock' | 'wipe';
const effectName = { sync: 'sync_device', lock: 'lock_device', wipe: 'wipe_device' } as const;
const operation = { sync: 'syncDevice', lock: 'remoteLock', wipe: 'wipe' } as const;

async function asks(world: World, chat: Chat, effect: Effect, device: ManagedDevice, expect = 1): Promise<Turn> {
  world.model.play(findsDevice, withDevice(effectName[effect], effect === 'sync' ? {} : { reason: WHY }));
  return chat.say(`Please ${effect} ${device.serialNumber} because ${WHY}`, { expect });
}

function theCard(turn: Turn): Received {
  const [card, ...others] = turn.sent.filter(hasCard);
  assert.ok(card !== undefined && others.length === 0, `not one card: ${turn.shown}`);
  return card;
}

/** Exactly one effect, by the robot, on this device. */
async function assertOne(world: World, effect: Effect, { id }: ManagedDevice): Promise<void> {
  const effects = await world.journal.effects();
  const body = effect === 'wipe' ? { keepEnrollmentData: false, keepUserData: false } : null;
  assert.deepEqual(effects.map((entry) => [entry.service, entry.method, entry.path, entry.identity, entry.status, entry.body ?? null]), [['graph', 'POST', `${PATH}/${id}/${operation[effect]}`, world.identities.robot, 204, body]]);
}

/** What the model was told of a device: handles and closed words. */
function assertModelClean(world: World, device: ManagedDevice): void {
  for (const { raw } of world.model.requests) {
    for (const secret of [device.id, device.serialNumber, device.deviceName, device.userId, device.userPrincipalName, device.model]) assert.ok(secret === '' || !raw.includes(secret), `the model was told ${secret}`);
  }
}

/** Asks for what takes a second person; gives what the approver gets. */
async function asksSecond(world: World, effect: Effect, device: ManagedDevice): Promise<{ readonly look: Received; readonly approver: Chat; readonly card: Received }> {
  const approver = await reachable(world, world.person('approver'));
  world.model.forget();
  const since = world.connector.log.length;
  const turn = await asks(world, world.chat(world.person('helpdesk')), effect, device, 2);
  const look = theCard(turn);
  assert.deepEqual(buttonsOf(cardOf(look)).map(({ title }) => title), ['Withdraw'], 'the requester may decide alone');
  return { look, approver, card: await cardFor(world, approver, since) };
}

describe('devices', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['device.find', 'must.model-clean'], 'are found by serial number: the card says whose it is, and the model learns neither number nor name', async (world) => {
    const device = deviceOf(world, 'macOS');
    world.model.play(findsDevice, says('Here it is.'));
    const turn = await world.chat(world.person('helpdesk')).say(`whose laptop is ${device.serialNumber}?`);
    for (const fact of [device.deviceName, device.userDisplayName, device.serialNumber, device.osVersion]) assert.ok(turn.shown.includes(fact), `${fact}: ${turn.shown}`);
    assertNoIds(turn.shown);
    const [request, ...others] = (await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot);
    assert.equal(others.length, 0);
    assert.deepEqual([request?.method, request?.path], ['GET', PATH]);
    assert.match(decodeURIComponent(request?.query ?? '').replaceAll('+', ' '), new RegExp(`\\$filter=serialNumber eq '${device.serialNumber}'`));
    assertModelClean(world, device);
    await assertNoEffect(world);
  });

  story('device.find', 'that share a serial number are picked from a card that tells them apart', async (world) => {
    const [one, two] = [deviceOf(world, 'Windows'), deviceOf(world, 'Windows', 1)];
    await world.control.fault({ service: 'graph', kind: 'body', method: 'GET', path: 'managedDevices$', status: 200, body: { value: [one, two].map(({ id, deviceName, userId, userDisplayName }) => ({ id, deviceName, userId, userDisplayName, serialNumber: 'DEFAULT1234' })) } });
    world.model.play(findsDevice, withDevice('show_device'), says('Here.'));
    const chat = world.chat(world.person('helpdesk'));
    const turn = await chat.say('show me DEFAULT1234');
    const card = theCard(turn);
    for (const { deviceName, userDisplayName } of [one, two]) assert.ok(shown(card).includes(deviceName) && shown(card).includes(userDisplayName), shown(card));
    const since = world.connector.log.length;
    world.model.forget();
    world.model.play((request) => calls({ name: 'show_device', arguments: { device: handleOf(request, 'device', 'user') } }), says('Here.'));
    await chat.press(chat.invoke(card, /^2$/));
    await chat.settle(since);
    assert.match(chat.since(since).shown, new RegExp(two.serialNumber));
  });

  story(['device.find', 'talk.her-laptop'], 'that are shown name their user, who can be acted on without another search', async (world) => {
    const device = deviceOf(world, 'iOS');
    world.model.play(findsDevice, withDevice('show_device'), says('Here.'));
    const chat = world.chat(world.person('helpdesk'));
    const turn = await chat.say(`show me ${device.serialNumber}`);
    for (const fact of [device.deviceName, device.userDisplayName, device.enrolledDateTime.slice(0, 10)]) assert.ok(turn.shown.includes(fact), turn.shown);
    const last = world.model.requests.at(-1) ?? assert.fail();
    const person = handleOf(last, 'person');
    assertModelClean(world, device);
    world.model.forget();
    world.model.play(calls({ name: 'block_sign_in', arguments: { person, reason: WHY } }));
    const card = theCard(await chat.say(`block its user because ${WHY}`));
    assert.ok(shown(card).includes(device.userDisplayName), shown(card));
    await assertNoEffect(world);
  });

  story(['device.effects', 'talk.her-laptop', 'must.after-click'], '“lock her phone”: from the person to the device, one card, and the lock after the click, said to be sent', async (world) => {
    const device = deviceOf(world, 'iOS');
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(
      finds(device.userDisplayName),
      (request) => calls({ name: 'list_devices', arguments: { person: request.handle('person', 'tool') } }),
      (request) => calls({ name: 'lock_device', arguments: { device: (JSON.parse(request.last('tool')) as { devices: { device: string; platform: string }[] }).devices.find(({ platform }) => platform === 'ios')?.device, reason: WHY } }),
    );
    const turn = await chat.say(`lock ${device.userDisplayName}'s phone because ${WHY}`);
    const card = turn.sent.filter(hasCard).find((each) => isAlive(cardOf(each))) ?? assert.fail(turn.shown);
    assert.match(shown(card), /passcode opens it again/);
    assert.ok(shown(card).includes(device.deviceName) && shown(card).includes(WHY), shown(card));
    await assertNoEffect(world);
    assertTaken(await chat.click(card, YES));
    const end = shown(await settled(world, card));
    assert.match(end, /▷ Sent/);
    assert.match(end, /takes hold when the device is next online/);
    assert.doesNotMatch(end, /\bDone\b/);
    await assertOne(world, 'lock', device);
    assertModelClean(world, device);
  });

  story('device.effects', 'are synced after a confirmation', async (world) => {
    const device = deviceOf(world, 'Windows');
    const chat = world.chat(world.person('helpdesk'));
    const card = theCard(await asks(world, chat, 'sync', device));
    await assertNoEffect(world);
    assertTaken(await chat.click(card, YES));
    assert.match(shown(await settled(world, card)), /▷ Sent[\s\S]*asks .* to check in/);
    await assertOne(world, 'sync', device);
  });

  for (const role of ['employee', 'approver', 'admin'] as const) {
    story(['device.effects', 'path.roles'], `are neither found, synced, locked nor wiped for an ${role} who is not helpdesk`, async (world) => {
      const device = deviceOf(world, 'iOS');
      const chat = world.chat(world.person(role));
      world.model.play(findsDevice);
      assert.match(onlySentence(await chat.say(`find ${device.serialNumber}`)), /role does not allow/);
      if (role === 'employee') return assertNoEffect(world);
      // With a handle in hand, of a device of their own.
      const own = chat.person;
      world.model.forget();
      if (!devicesOf(world).some(({ userId }) => userId === own.aadObjectId)) return assertNoEffect(world);
      world.model.play((request) => calls({ name: 'list_devices', arguments: { person: request.asker } }), says('Here.'));
      await chat.say('which devices do I have?');
      const handle = handleOf(world.model.requests.at(-1) ?? assert.fail(), 'device');
      for (const effect of ['sync', 'lock', 'wipe'] as const) {
        world.model.forget();
        world.model.play(calls({ name: effectName[effect], arguments: { device: handle, ...(effect !== 'sync' && { reason: WHY }) } }));
        assert.match(onlySentence(await chat.say(`${effect} it because ${WHY}`)), /role does not allow/);
      }
      return assertNoEffect(world);
    });
  }

  story(['device.whose', 'path.second-person'], 'of a VIP take a second person to be locked, and are locked by nobody else’s click', async (world) => {
    const device = deviceOfPerson(world, world.person('vip'), 'iOS');
    const { approver, card, look } = await asksSecond(world, 'lock', device);
    assertRefused(await approver.as(world.person('helpdesk')).click(card, YES));
    assertRefused(await approver.as(world.person('helpdesk', 1)).click(card, YES));
    await assertNoEffect(world);
    assertTaken(await approver.click(card, YES));
    await settled(world, look);
    await assertOne(world, 'lock', device);
  });

  story('device.whose', 'of nobody take a second person to be locked; what Intune then refuses is told as not done', async (world) => {
    const device = devicesOf(world).find(({ userId }) => userId === '') ?? assert.fail();
    const { approver, card, look } = await asksSecond(world, 'lock', device);
    assertTaken(await approver.click(card, YES));
    // Every shared device of the company is a Windows computer, which has no remote lock.
    assert.match(shown(await settled(world, look)), /Not done[\s\S]*refused it, so it was not done/);
    await assertNoEffect(world);
  });

  story(['device.effects', 'device.whose'], 'are wiped by a second person only, who reads what is lost', async (world) => {
    const device = deviceOf(world, 'Android');
    const { approver, card, look } = await asksSecond(world, 'wipe', device);
    assert.match(shown(card), /Everything on the device is erased for good.*It is then no longer managed/);
    assert.match(shown(card), /Can’t be undone/);
    await assertNoEffect(world);
    assertTaken(await approver.click(card, YES));
    const end = shown(await settled(world, look));
    assert.match(end, /▷ Sent/);
    assert.doesNotMatch(end, /\bDone\b/);
    assert.deepEqual(buttonsOf(cardOf(world.connector.current(look.activityId) ?? look)).map(({ title }) => title), [], 'something is offered that takes a wipe back');
    await assertOne(world, 'wipe', device);
  });

  // Whoever may ask is in a role-assignable group, and so protected as well: which of the two is told does not matter.
  story('device.whose', 'are not wiped for the person who uses them', async (world) => {
    const person = world.person('helpdesk');
    await reachable(world, world.person('approver'));
    world.model.forget();
    assert.match(onlySentence(await asks(world, world.chat(person), 'wipe', deviceOfPerson(world, person))), /not do that to your own account|protected/);
    await assertNoEffect(world);
  });

  const errors: readonly (readonly [string, Effect, Omit<Fault, 'service'>, RegExp])[] = [
    ['403', 'sync', { kind: 'status', status: 403, code: 'Forbidden' }, /Not done[\s\S]*refused it/],
    ['404 for a device that is there', 'lock', { kind: 'status', status: 404, code: 'ResourceNotFound' }, /Not done[\s\S]*refused it/],
    ['429 without a header', 'lock', { kind: 'quirk', quirk: 'throttle-silent' }, /Not done[\s\S]*does not answer/],
    ['200 with an error', 'lock', { kind: 'quirk', quirk: 'ok-with-error' }, /Outcome unknown/],
    ['500', 'sync', { kind: 'status', status: 500 }, /Outcome unknown/],
    ['a cut connection', 'lock', { kind: 'reset' }, /Outcome unknown/],
  ];
  for (const [answer, effect, fault, told] of errors) {
    story(['device.errors', 'fail.honest'], `where Intune answers a ${effect} with ${answer}: the card says so, and nothing is repeated`, async (world) => {
      const device = deviceOf(world, 'iOS', 1);
      const chat = world.chat(world.person('helpdesk'));
      const card = theCard(await asks(world, chat, effect, device));
      await world.control.fault({ service: 'graph', method: 'POST', ...fault });
      assertTaken(await chat.click(card, YES));
      const end = shown(await settled(world, card));
      assert.match(end, told);
      assert.doesNotMatch(end, /▷ Sent|✓/);
      assertNoIds(end);
      const sent = (await world.journal.of('graph')).filter(({ method, path }) => method === 'POST' && path.startsWith(PATH));
      assert.equal(sent.length, answer.startsWith('429') ? 2 : 1, 'sent again');
      await assertNoEffect(world);
    });
  }

  story('device.errors', 'that are gone by the time of the click are not acted on', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    const card = theCard(await asks(world, chat, 'lock', deviceOf(world, 'iOS', 1)));
    await world.control.fault({ service: 'graph', kind: 'status', status: 404, path: 'managedDevices/' });
    assert.match(assertRefused(await chat.click(card, YES)), /no longer in the directory, so I did nothing/);
    await assertNoEffect(world);
  });

  story('device.errors', 'whose user can’t be read are not acted on: the policy could not decide', async (world) => {
    const device = deviceOf(world, 'iOS');
    await world.control.fault({ service: 'graph', kind: 'status', status: 503, path: 'managedDevices/[^/]+$' });
    assert.match(onlySentence(await asks(world, world.chat(world.person('helpdesk')), 'lock', device)), /can’t reach the directory/);
    await assertNoEffect(world);
  });

  story('observe.effects', 'are not locked in observe mode, and the card says that they would have been', async (world) => {
    await world.level('observe');
    const chat = world.chat(world.person('helpdesk'));
    const card = theCard(await asks(world, chat, 'lock', deviceOf(world, 'iOS')));
    assertTaken(await chat.click(card, YES));
    assert.match(shown(await settled(world, card)), /Observe mode: this would have been carried out, nothing was changed/);
    await assertNoEffect(world);
  });
});
