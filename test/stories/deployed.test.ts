/** The bundle, started as it is in Azure: production configuration, host names, TLS, managed identities, channel keys. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployLatch, SERVICE_URL, startDeployed, startEdge, type Edge, type StartedProcess } from '../../bench/deployed.ts';
import { startCloud, type Cloud } from '../../sandbox/cloud.ts';
import { createCompany, type Company } from '../../sandbox/company/company.ts';
import { createGraphService } from '../../sandbox/graph/graph.ts';
import { createModelService } from '../../sandbox/model/service.ts';
import { build } from '../../scripts/build.ts';
import { APPROVE, cardOf, hasCard, isAlive, shown } from './harness/cards.ts';
import { Connector } from './harness/connector.ts';
import type { Persona } from './harness/journal.ts';
import { says, ScriptedModel } from './harness/model.ts';
import { finds, proposes, REASON } from './harness/scenes.ts';
import { Chat } from './harness/teams.ts';

const MODEL = { deployment: 'planner', name: 'gpt-4.1' };

describe('the deployed bundle', function () {
  this.timeout(60_000);
  let folder: string;
  let model: ScriptedModel;
  let connector: Connector;
  let cloud: Cloud;
  let company: Company;
  let edge: Edge;
  let steward: StartedProcess;

  const start = (settings: Readonly<Record<string, string | undefined>> = {}): Promise<StartedProcess> =>
    startDeployed(cloud, company, edge, MODEL, { program: [join(folder, 'src/main.cjs')], with: settings });

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'steward-deployed-'));
    [model, connector] = await Promise.all([ScriptedModel.start(MODEL.name), Connector.start()]);
    await build(folder, { cache: false });
    const started = await startCloud({
      seed: 4712,
      company: (seed, tenantId) => {
        const made = createCompany(seed, tenantId);
        return { people: made.people(), reset: () => made.reset(), made };
      },
      graph: (context) => createGraphService({ company: context.company.made, grants: context.graphGrants, tenantId: context.tenantId }),
      openai: (context) => createModelService({ deployment: MODEL.deployment, reasonerClientIds: new Set([context.identities.reasoner]), relay: { url: model.url, name: MODEL.name } }),
    });
    cloud = started;
    company = started.company.made;
    await deployLatch(cloud);
    edge = await startEdge(cloud, Number(new URL(connector.url).port));
    steward = await start();
    await steward.listening();
  });
  after(async () => {
    await steward?.stop();
    await edge?.close();
    await cloud?.stop();
    await Promise.all([connector?.stop(), model?.stop()]);
    rmSync(folder, { recursive: true });
  });

  /** The connector as activities name it. Its own address is one that production does not answer to. */
  const publicConnector = (): Connector =>
    new Proxy(connector, {
      get: (target, name) => {
        if (name === 'url') return SERVICE_URL;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const chatOf = (person: Persona): Chat =>
    new Chat(
      { bot: steward.url, botId: `28:${cloud.identities.channel}`, tenantId: cloud.tenantId, connector: publicConnector(), model, authorization: async () => `Bearer ${await cloud.channel.mintToken({ serviceUrl: SERVICE_URL })}` },
      person,
      'personal',
    );
  const person = (roles: string, index = 0): Persona => {
    const found = company.people().filter((each) => each.roles.join() === roles && each.tenantId === cloud.tenantId)[index];
    assert.ok(found !== undefined, `there is nobody with ${roles}`);
    return found;
  };

  it('answers a question by reading, under its own names, and changes nothing', async () => {
    const target = person('employee', 5);
    model.play(finds(target.name), says('That is the one.'));
    const turn = await chatOf(person('employee,helpdesk')).say(`Who is ${target.name}?`);
    assert.match(turn.shown, new RegExp(target.name));
    model.assertDone();
    const asked = cloud.journal.entries({ service: 'graph' });
    assert.ok(asked.some(({ identity, path }) => identity === cloud.identities.robot && path.includes('/users')), 'the robot asked nothing');
    assert.deepEqual(asked.filter(({ effect }) => effect), []);
  });

  it('acts after the click on the card, once, by the robot', async () => {
    const target = person('employee', 5);
    const chat = chatOf(person('employee,helpdesk'));
    model.play(finds(target.name), proposes('block_sign_in'));
    const turn = await chat.say(`Block ${target.name}'s sign-in because ${REASON}`);
    const card = turn.sent.find(hasCard);
    assert.ok(card !== undefined && isAlive(cardOf(card)), turn.shown);
    assert.deepEqual(cloud.journal.entries({ effect: true }), []);

    await chat.click(card, APPROVE);
    await connector.until(() => connector.current(card.activityId)?.kind === 'update', 8_000, 'the card was not updated');
    const [effect, ...more] = cloud.journal.entries({ effect: true });
    assert.deepEqual([effect?.service, effect?.method, effect?.identity, effect?.body], ['graph', 'PATCH', cloud.identities.robot, { accountEnabled: false }]);
    assert.deepEqual(more, []);
    assert.doesNotMatch(shown(connector.current(card.activityId)!), /failed/i);
    model.assertDone();
  });

  it('refuses a message that the channel did not sign', async () => {
    const calledBefore = cloud.journal.entries({ service: 'openai' }).length;
    const forged = await cloud.channel.mintToken({ serviceUrl: SERVICE_URL, kind: 'wrong-signature' });
    const answer = await fetch(steward.url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${forged}` }, body: JSON.stringify(chatOf(person('employee')).message('hello there')) });
    assert.equal(answer.status, 401);
    assert.equal(cloud.journal.entries({ service: 'openai' }).length, calledBefore);
  });

  for (const [setting, value, sentence] of [
    ['STEWARD_VAULT_NAME', undefined, /^ {2}STEWARD_VAULT_NAME is missing$/m],
    ['STEWARD_ADMIN_GROUP_ID', '00000000-0000-4000-8000-000000000000', /the group of STEWARD_ADMIN_GROUP_ID does not exist/],
    ['NODE_DEBUG', 'http', /^ {2}NODE_DEBUG must not be set$/m],
  ] as const) {
    it(`does not start with ${setting} ${value === undefined ? 'missing' : `set to ${value}`}, and says so`, async () => {
      const refused = await start({ [setting]: value });
      assert.equal(await refused.ended, 1);
      assert.match(refused.output(), sentence);
      await assert.rejects(refused.listening(), /the process ended with 1/);
    });
  }

  it('stops with 0 when it is asked to', async () => {
    const second = await start();
    await second.listening();
    assert.equal(await second.stop(), 0, second.output());
  });
});
