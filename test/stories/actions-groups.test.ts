import assert from 'node:assert/strict';
import { createCompany } from '../../sandbox/company/company.ts';
import type { Company, Group } from '../../sandbox/company/company.ts';
import { buttonsOf, cardOf, hasCard, isAlive, shown, textOf } from './harness/cards.ts';
import { assertModelSawNoDirectory, assertNoEffect, assertNoIds, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import { brief } from './harness/journal.ts';
import type { Entry, Fault, Persona } from './harness/journal.ts';
import { calls } from './harness/model.ts';
import type { ModelRequest, Step } from './harness/model.ts';
import { finds, settled } from './harness/scenes.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const SEED = 4711;
const REASON = 'she works from home now';

let known: Company | undefined;
/** The company of the world: the same seed, and so the same people and groups. */
const companyOf = (world: World): Company => (known ??= createCompany(SEED, world.tenantId));

const groupNamed = (world: World, name: string): Group => {
  const found = [...companyOf(world).directoryGroups.values()].find(({ displayName }) => displayName === name);
  assert.ok(found !== undefined, `there is no group ${name}`);
  return found;
};

/** A colleague without a role who is, or is not, in a group. */
const colleagueIn = (world: World, group: Group, isIn: boolean): Persona => {
  for (let tries = 0; tries < 60; tries += 1) {
    const colleague = world.colleague();
    if (group.members.includes(colleague.aadObjectId) === isIn) return colleague;
  }
  throw new Error('nobody is so');
};

const handleIn = (request: ModelRequest, kind: 'person' | 'group'): string => request.texts('tool').join('\n').match(new RegExp(`${kind}_[a-z2-7]{6,40}`, 'g'))?.at(-1) ?? '';
const findsGroup = (name: string): Step => calls({ name: 'find_group', arguments: { name } });
const changes = (action: string, reason = REASON): Step => (request) => calls({ name: action, arguments: { person: handleIn(request, 'person'), group: handleIn(request, 'group'), reason } });

const asks = (world: World, chat: Chat, target: Persona, action: string, group: string): Promise<Turn> => {
  world.model.play(finds(target.name), findsGroup(group), changes(action));
  return chat.say(`${action === 'add_to_group' ? 'add' : 'remove'} ${target.name}: ${group}, ${REASON}`);
};

const theCard = (turn: Turn): Received => {
  const [card, ...others] = turn.sent.filter(hasCard);
  assert.ok(card !== undefined && others.length === 0 && isAlive(cardOf(card)), `not one card to decide: ${turn.shown}`);
  return card;
};

const confirmed = async (world: World, chat: Chat, card: Received): Promise<string> => {
  assertTaken(await chat.click(card, /^(?:add to|remove from) group/i));
  return textOf(cardOf(await settled(world, card)));
};

const onlyEffect = async (world: World): Promise<Entry> => {
  const effects = await world.journal.effects();
  const [effect] = effects;
  assert.ok(effect !== undefined && effects.length === 1, `expected one effect, got: ${effects.map(brief).join(' | ') || 'none'}`);
  assert.equal(effect.identity, world.identities.robot);
  return effect;
};

describe('groups', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['path.card', 'path.robot-identity', 'path.card-whole', 'path.handles'], 'somebody is added after a click, and removed with “undo”', async (world) => {
    const group = groupNamed(world, 'VPN Users');
    const target = colleagueIn(world, group, false);
    const chat = world.chat(world.person('helpdesk'));
    const turn = await asks(world, chat, target, 'add_to_group', 'VPN Users');
    const card = theCard(turn);
    for (const part of [target.name, 'VPN Users', REASON]) assert.ok(textOf(cardOf(card)).includes(part), part);
    assertNoIds(textOf(cardOf(card)));
    const told = world.model.requests.at(-1)?.last('tool') ?? '';
    assert.match(told, /^\{"groups":\[\{"group":"group_[a-z2-7]{12}","members_changeable":true\}\],"more_matches":false\}$/);
    assertModelSawNoDirectory(world, world.model.requests, `${target.name} VPN Users`);
    await assertNoEffect(world);
    assert.match(await confirmed(world, chat, card), /✓ Done/);
    const effect = await onlyEffect(world);
    assert.equal(`${effect.method} ${effect.path} ${effect.status}`, `POST /v1.0/groups/${group.id}/members/$ref 204`);
    assert.match(JSON.stringify(effect.body), new RegExp(`^\\{"@odata\\.id":"https://graph\\.microsoft\\.com(?::\\d+)?/v1\\.0/directoryObjects/${target.aadObjectId}"\\}$`));

    await world.journal.skip();
    const back = theCard(await chat.say('undo'));
    assert.match(textOf(cardOf(back)), /Remove from group/);
    assert.ok(textOf(cardOf(back)).includes('VPN Users'), 'which group is not shown');
    assert.match(await confirmed(world, chat, back), /✓ Done/);
    const undone = await onlyEffect(world);
    assert.equal(`${undone.method} ${undone.path} ${undone.status}`, `DELETE /v1.0/groups/${group.id}/members/${target.aadObjectId}/$ref 204`);
  });

  story(['talk.ambiguous', 'path.say-ids'], 'several that match are a list of groups to pick from; the picked one is on the card', async (world) => {
    const names = ['Leeds Printers', 'Everyone in Leeds'];
    const target = colleagueIn(world, groupNamed(world, 'Leeds Printers'), false);
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), findsGroup('Leeds'));
    const turn = await chat.say(`add ${target.name} to the Leeds group because ${REASON}`);
    const [list] = turn.sent.filter(hasCard);
    assert.ok(list !== undefined, turn.shown);
    assert.match(textOf(cardOf(list)), /Several groups match/);
    for (const name of names) assert.ok(textOf(cardOf(list)).includes(name), name);
    assert.ok(textOf(cardOf(list)).includes(groupNamed(world, 'Leeds Printers').description ?? ''), 'nothing tells them apart');
    // Those that can be changed stand first.
    assert.match(textOf(cardOf(list)), /1\. Leeds Printers/);
    assertNoIds(textOf(cardOf(list)));
    const since = world.connector.log.length;
    world.model.play((request) => calls({ name: 'add_to_group', arguments: { person: handleIn(request, 'person'), group: /\{(group_[a-z2-7]+)\}/.exec(request.last('user'))?.[1] ?? '', reason: REASON } }));
    const first = buttonsOf(cardOf(list)).find(({ title }) => title === '1');
    assert.equal((await chat.press(chat.invokeWith(list.activityId, first?.action ?? {}))).status, 200);
    const card = await world.connector.until(() => chat.since(since).sent.find((reply) => hasCard(reply) && isAlive(cardOf(reply))), 8_000, 'no card to confirm');
    assert.match(shown(card), /Add to group/);
    assert.ok(shown(card).includes('Leeds Printers'));
    await assertNoEffect(world);
  });

  story(['path.handles', 'path.roles'], 'none is said in words about groups; too many too; and none of it is for employees', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(findsGroup('Zebra Fanciers'));
    assert.match(onlySentence(await chat.say('find the group Zebra Fanciers')), /no group by that name/);
    world.model.play(findsGroup('De'));
    assert.match(onlySentence(await chat.say('find the group De')), /Too many groups match/);
    const target = world.colleague();
    const employee = world.chat(world.person('employee'));
    world.model.play(findsGroup('VPN Users'));
    assert.match(onlySentence(await employee.say('find the group VPN Users')), /role does not allow/);
    world.model.play(finds(target.name));
    assert.match(onlySentence(await employee.say(`add ${target.name} to VPN Users`)), /role does not allow/);
  });

  for (const [name, says_] of [['Payroll Readers', /not on the list of groups/], ['Everyone in Leeds', /(?:protected|not on the list)/], ['Legacy File Share', /(?:protected|not on the list)/], ['Privileged Operations', /(?:protected|not on the list)/]] as const) {
    story('path.whole-plan-first', `“${name}”: refused before there is a card, and Graph is not asked to change it`, async (world) => {
      const target = colleagueIn(world, groupNamed(world, name), false);
      const chat = world.chat(world.person('helpdesk', 1));
      const sentence = onlySentence(await asks(world, chat, target, 'add_to_group', name));
      assert.match(sentence, says_);
      assert.match(world.model.requests.at(-1)?.last('tool') ?? '', /"members_changeable":false/);
      await assertNoEffect(world);
      assert.ok(!(await world.journal.of('graph')).some(({ path }) => path.includes('$ref')));
    });
  }

  interface Refusal {
    readonly title: string;
    readonly action: 'add_to_group' | 'remove_from_group';
    readonly isIn: boolean;
    readonly fault?: Fault;
    readonly says: RegExp;
    readonly state: RegExp;
  }

  const NOT_DONE = /✗ Not done/;
  const refusals: readonly Refusal[] = [
    { title: 'somebody who is in it already', action: 'add_to_group', isIn: true, says: /already so/, state: NOT_DONE },
    { title: 'somebody who is not in it, to be removed', action: 'remove_from_group', isIn: false, says: /already so/, state: NOT_DONE },
    { title: 'where the robot is no owner any more', action: 'add_to_group', isIn: false, fault: { service: 'graph', kind: 'status', method: 'POST', path: '/members/', status: 403, code: 'Authorization_RequestDenied' }, says: /refused it/, state: NOT_DONE },
    { title: 'where Graph says 404 and means 403, to be added', action: 'add_to_group', isIn: false, fault: { service: 'graph', kind: 'status', method: 'POST', path: '/members/', status: 404, code: 'Request_ResourceNotFound' }, says: /refused it/, state: NOT_DONE },
    { title: 'where Graph says 404 and means 403, to be removed', action: 'remove_from_group', isIn: true, fault: { service: 'graph', kind: 'status', method: 'DELETE', path: '/members/', status: 404, code: 'Request_ResourceNotFound' }, says: /refused it/, state: NOT_DONE },
    { title: 'where Graph breaks off', action: 'add_to_group', isIn: false, fault: { service: 'graph', kind: 'reset', method: 'POST', path: '/members/' }, says: /do not know whether this took effect|Admins are asked/, state: /Outcome unknown/ },
  ];
  for (const { action, fault, isIn, says: sentence, state, title } of refusals) {
    story('fail.honest', `${title}: the card says what is known, and nothing more`, async (world) => {
      const group = groupNamed(world, 'Design Tools');
      const target = colleagueIn(world, group, isIn);
      const chat = world.chat(world.person('helpdesk', 1));
      const card = theCard(await asks(world, chat, target, action, 'Design Tools'));
      if (fault !== undefined) await world.control.fault(fault);
      assertTaken(await chat.click(card, /group/i));
      const text = await world.connector.until(() => {
        const now = world.connector.current(card.activityId);
        return now !== undefined && state.test(shown(now)) ? shown(now) : undefined;
      }, 8_000, `the card never says ${String(state)}`);
      assert.match(text, sentence);
      assert.doesNotMatch(text, /✓ Done/);
      await assertNoEffect(world);
    });
  }
});
