import assert from 'node:assert/strict';
import { createCompany } from '../../sandbox/company/company.ts';
import type { Company, User } from '../../sandbox/company/company.ts';
import { APPROVE, cardOf, hasCard, isAlive, shown, textOf } from './harness/cards.ts';
import { assertModelSawNoDirectory, assertNoEffect, assertNoIds, assertPlain, assertTaken, onlySentence } from './harness/claims.ts';
import type { Received } from './harness/connector.ts';
import { brief } from './harness/journal.ts';
import type { Entry, Persona } from './harness/journal.ts';
import { at, listAt, parse, textAt } from './harness/json.ts';
import { calls, says } from './harness/model.ts';
import type { ModelRequest, Step } from './harness/model.ts';
import { finds, proposes, settled } from './harness/scenes.ts';
import type { Chat, Turn } from './harness/teams.ts';
import { useWorld } from './harness/world.ts';
import type { World } from './harness/world.ts';

const SEED = 4711;
const REASON = 'she starts on the sales report today';

/** The company of the world: the same seed, and so the same people, groups and licences. */
let known: Company | undefined;
const companyOf = (world: World): Company => (known ??= createCompany(SEED, world.tenantId));

const personaOf = (world: World, user: User): Persona => {
  const found = world.people.find(({ aadObjectId }) => aadObjectId === user.id);
  assert.ok(found !== undefined, `${user.displayName} is not among the people`);
  return found;
};

/** A colleague without a role, whose account is as wanted. */
const colleagueWho = (world: World, wanted: (user: User) => boolean): Persona => {
  for (let tries = 0; tries < 60; tries += 1) {
    const colleague = world.colleague();
    const user = companyOf(world).users.get(colleague.aadObjectId);
    if (user !== undefined && wanted(user)) return colleague;
  }
  throw new Error('nobody is so');
};

const skuOf = (world: World, partNumber: string): string => companyOf(world).subscriptions.find(({ skuPartNumber }) => skuPartNumber === partNumber)?.skuId ?? '';
const has = (user: User, skuId: string): boolean => user.assignedLicenses.some((licence) => licence.skuId === skuId);

/** What the robot asked Graph for. */
const robotAsked = async (world: World): Promise<readonly Entry[]> => (await world.journal.of('graph')).filter(({ identity }) => identity === world.identities.robot);

const personIn = (request: ModelRequest): string => request.texts('tool').join('\n').match(/person_[a-z2-7]{6,40}/)?.[0] ?? '';

/** The handle of a product, as the model finds it in what `list_licences` gave it. */
const licenceOf = (request: ModelRequest, product: string): string => {
  const row = request.texts('tool').flatMap((text) => listAt(parse(text), 'licences')).find((each) => at(each, 'product') === product);
  return textAt(row, 'licence');
};

const changesLicence = (action: string, product: string, reason = REASON): Step => (request) => calls({ name: action, arguments: { person: personIn(request), licence: licenceOf(request, product), reason } });

/** Looks up person and licences, then proposes. */
async function asksLicence(world: World, chat: Chat, target: Persona, action: string, product: string, words: string): Promise<Turn> {
  world.model.play(finds(target.name), calls({ name: 'list_licences', arguments: {} }), changesLicence(action, product));
  return chat.say(words);
}

const theCard = (turn: Turn): Received => {
  const [card, ...others] = turn.sent.filter(hasCard);
  assert.ok(card !== undefined && others.length === 0 && isAlive(cardOf(card)), `not one card to decide: ${turn.shown}`);
  return card;
};

/** Confirms, and gives what the card says in the end. */
async function confirmed(world: World, chat: Chat, card: Received, button: RegExp = APPROVE): Promise<string> {
  assertTaken(await chat.click(card, button));
  return textOf(cardOf(await settled(world, card)));
}

const onlyEffect = async (world: World): Promise<Entry> => {
  const effects = await world.journal.effects();
  const [effect] = effects;
  assert.ok(effect !== undefined && effects.length === 1, `expected one effect, got: ${effects.map(brief).join(' | ') || 'none'}`);
  assert.equal(effect.identity, world.identities.robot);
  return effect;
};

describe('what one can learn about a person', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['path.handles', 'path.say-ids'], 'the account: licences by their names, and a manager, of which the model gets a handle alone', async (world) => {
    const office = skuOf(world, 'SPE_E3');
    const target = colleagueWho(world, (user) => has(user, office));
    const chat = world.chat(world.person('helpdesk'));
    const words = `show me the account of ${target.name}`;
    world.model.play(finds(target.name), proposes('show_person', {}), says('Here it is.'));
    const turn = await chat.say(words, { expect: 2 });
    assert.match(turn.shown, /Licences\n.*Microsoft 365 E3/);
    assert.match(turn.shown, /✓ allowed/);
    assert.doesNotMatch(turn.shown, /I changed this account/);
    assertNoIds(turn.shown);
    const told = world.model.requests.at(-1)?.last('tool') ?? '';
    assert.match(told, /"changed_recently":false/);
    assert.doesNotMatch(told, /licences|E3|job_title|user_name/);
    assertModelSawNoDirectory(world, world.model.requests, words);
    assert.deepEqual((await robotAsked(world)).map(({ method, path }) => `${method} ${path}`).slice(-2).sort(), [`GET /v1.0/users/${target.aadObjectId}`, `GET /v1.0/users/${target.aadObjectId}/licenseDetails`]);
  });

  story('path.handles', 'an account that was changed here a moment ago says that it may still look as before', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), proposes('block_sign_in'));
    await confirmed(world, chat, theCard(await chat.say(`block ${target.name} because her phone was stolen`)));
    world.model.play(finds(target.name), proposes('show_person', {}), says('Here it is.'));
    const turn = await chat.say(`show me the account of ${target.name}`, { expect: 2 });
    assert.match(turn.shown, /I changed this account within the last minute/);
    assert.match(world.model.requests.at(-1)?.last('tool') ?? '', /"changed_recently":true/);
  });

  story(['path.handles', 'path.roles'], 'MFA methods: a helpdesk sees them for a reason, numbers masked; the model sees their kinds', async (world) => {
    const company = companyOf(world);
    const target = colleagueWho(world, ({ id }) => company.authenticationMethodsOf(id).some((method) => typeof method['phoneNumber'] === 'string'));
    const number = String(company.authenticationMethodsOf(target.aadObjectId).find((method) => typeof method['phoneNumber'] === 'string')?.['phoneNumber']);
    const chat = world.chat(world.person('helpdesk'));
    const words = `which MFA methods does ${target.name} have? she lost her phone`;
    world.model.play(finds(target.name), proposes('list_mfa_methods', { reason: 'she lost her phone' }), says('These.'));
    const turn = await chat.say(words, { expect: 2 });
    assert.match(turn.shown, /Password/);
    assert.match(turn.shown, new RegExp(`… ${number.replaceAll(/\D/g, '').slice(-2)}`));
    for (const text of [turn.shown, ...world.model.requests.map(({ raw }) => raw)]) assert.ok(!text.replaceAll(/\s/g, '').includes(number.replaceAll(/\s/g, '')), 'the whole number');
    assert.match(world.model.requests.at(-1)?.last('tool') ?? '', /"method":"phone"/);
    assert.doesNotMatch(world.model.requests.at(-1)?.last('tool') ?? '', /method_name/);
    assertModelSawNoDirectory(world, world.model.requests, words);
    assert.equal((await robotAsked(world)).at(-1)?.path, `/v1.0/users/${target.aadObjectId}/authentication/methods`);
  });

  story(['path.roles', 'path.whole-plan-first'], 'MFA methods and sign-ins of others: neither without a reason nor for an employee, who sees their own', async (world) => {
    const target = world.colleague();
    const helpdesk = world.chat(world.person('helpdesk'));
    const employee = world.chat(world.person('employee'));
    for (const action of ['list_mfa_methods', 'list_sign_ins']) {
      world.model.play(finds(target.name), proposes(action, {}));
      assertPlain(onlySentence(await helpdesk.say(`${action === 'list_sign_ins' ? 'sign-ins' : 'MFA methods'} of ${target.name}`)).replace(/ \(Reference: [\w-]+\)/, ''));
    }
    assert.deepEqual((await robotAsked(world)).filter(({ path }) => /methods|signIns/.test(path)).map(brief), []);
    for (const [action, asked] of [['list_mfa_methods', /authentication\/methods$/], ['list_sign_ins', /auditLogs\/signIns$/], ['list_apps', /appRoleAssignments$/]] as const) {
      world.model.play((request) => calls({ name: action, arguments: { person: request.asker } }), says('These are yours.'));
      const turn = await employee.say('show me mine', { expect: 2 });
      assert.ok(turn.sent.some(hasCard), turn.shown);
      assert.match((await robotAsked(world)).at(-1)?.path ?? '', asked);
    }
  });

  story(['path.handles', 'path.say-ids'], 'sign-ins: of this person, of seven days, the newest first, with the hour and why one failed', async (world) => {
    const company = companyOf(world);
    const since = company.epoch.getTime() - 5 * 24 * 60 * 60_000;
    const failed = company.signIns().filter(({ createdDateTime, status }) => status.errorCode !== 0 && Date.parse(createdDateTime) > since);
    const target = colleagueWho(world, ({ id }) => failed.some(({ userId }) => userId === id));
    const chat = world.chat(world.person('helpdesk'));
    const words = `why can't ${target.name} sign in? show her sign-ins`;
    world.model.play(finds(target.name), proposes('list_sign_ins', { reason: "why can't she sign in" }), says('Here they are.'));
    const turn = await chat.say(words, { expect: 2 });
    assert.match(turn.shown, /\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    assert.match(turn.shown, /✗ failed/);
    assert.match(turn.shown, new RegExp(failed.find(({ userId }) => userId === target.aadObjectId)?.status.failureReason?.slice(0, 20).replaceAll(/[^\w ]/g, '.') ?? 'no reason'));
    assertNoIds(turn.shown);
    const asked = (await robotAsked(world)).at(-1);
    assert.equal(asked?.path, '/v1.0/auditLogs/signIns');
    const query = new URLSearchParams(asked?.query ?? '');
    assert.match(query.get('$filter') ?? '', new RegExp(`^userId eq '${target.aadObjectId}' and createdDateTime ge \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$`));
    assert.equal(query.get('$orderby'), 'createdDateTime desc');
    const told = world.model.requests.at(-1)?.last('tool') ?? '';
    assert.doesNotMatch(told, /\d+\.\d+\.\d+\.\d+|app_name|failure|place/);
    assert.match(told, /"sign_in_result":"failed"/);
    assertModelSawNoDirectory(world, world.model.requests, words);
  });

  story('fail.honest', 'sign-ins in a tenant without the licence for them: refused, and said so', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    await world.control.fault({ service: 'graph', kind: 'status', path: '/auditLogs/signIns', status: 403, code: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant' });
    world.model.play(finds(target.name), proposes('list_sign_ins', { reason: 'she asked' }));
    assert.match(onlySentence(await chat.say(`sign-ins of ${target.name}, she asked`)), /refused it/);
  });

  story(['path.handles', 'path.roles'], 'groups and apps: names for the person, handles and numbers for the model', async (world) => {
    const company = companyOf(world);
    const groupsOf = (id: string): readonly string[] => [...company.directoryGroups.values()].filter(({ members }) => members.includes(id)).map(({ displayName }) => displayName);
    const target = colleagueWho(world, ({ id }) => groupsOf(id).length > 0 && company.appRoleAssignments.some(({ principalId }) => company.directoryGroups.get(principalId)?.members.includes(id) === true));
    const chat = world.chat(world.person('helpdesk'));
    const words = `groups and apps of ${target.name}`;
    world.model.play(
      finds(target.name),
      (request) => calls({ name: 'list_groups', arguments: { person: personIn(request) } }, { name: 'list_apps', arguments: { person: personIn(request) } }),
      says('Here they are.'),
    );
    const turn = await chat.say(words, { expect: 3 });
    for (const name of groupsOf(target.aadObjectId)) assert.ok(turn.shown.includes(name), `${name} is missing`);
    const app = company.appRoleAssignments.find(({ principalId }) => company.directoryGroups.get(principalId)?.members.includes(target.aadObjectId) === true)?.resourceDisplayName ?? '';
    assert.ok(turn.shown.includes(app), app);
    const told = world.model.requests.at(-1)?.texts('tool').join('\n') ?? '';
    assert.match(told, /"group":"group_[a-z2-7]{12}"/);
    assert.match(told, /"app_count":[1-9]/);
    for (const name of [app, ...groupsOf(target.aadObjectId)]) assert.ok(!told.includes(name), `the model was told ${name}`);
    assertModelSawNoDirectory(world, world.model.requests, words);
    const employee = world.chat(world.person('employee'));
    world.model.play(finds(target.name));
    assertPlain(onlySentence(await employee.say(words)).replace(/ \(Reference: [\w-]+\)/, ''));
  });
});

describe('licences', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['path.card', 'path.robot-identity', 'path.card-whole', 'path.handles'], 'one is given after a click, and taken back with “undo”', async (world) => {
    const project = skuOf(world, 'PROJECTPROFESSIONAL');
    const target = colleagueWho(world, (user) => user.usageLocation !== null && user.assignedLicenses.length === 1 && !has(user, project) && has(user, skuOf(world, 'SPE_E3')));
    const chat = world.chat(world.person('helpdesk'));
    const words = `give ${target.name} a licence for Planner and Project Plan 3, ${REASON}`;
    const turn = await asksLicence(world, chat, target, 'assign_licence', 'Planner and Project Plan 3', words);
    const card = theCard(turn);
    for (const part of [target.name, 'Planner and Project Plan 3', REASON, 'in your own words']) assert.ok(textOf(cardOf(card)).includes(part), part);
    assertModelSawNoDirectory(world, world.model.requests, words);
    await assertNoEffect(world);
    const done = await confirmed(world, chat, card, /^give licence/i);
    assert.match(done, /✓ Done/);
    const effect = await onlyEffect(world);
    assert.equal(`${effect.method} ${effect.path}`, `POST /v1.0/users/${target.aadObjectId}/assignLicense`);
    assert.deepEqual(effect.body, { addLicenses: [{ skuId: project, disabledPlans: [] }], removeLicenses: [] });

    await world.journal.skip();
    const undo = await chat.say('undo');
    const back = theCard(undo);
    assert.match(textOf(cardOf(back)), /Take a licence back/);
    assert.ok(textOf(cardOf(back)).includes('Planner and Project Plan 3'), 'which licence is taken back is not shown');
    assert.match(await confirmed(world, chat, back, /^take licence back/i), /✓ Done/);
    assert.deepEqual((await onlyEffect(world)).body, { addLicenses: [], removeLicenses: [project] });
  });

  story(['path.handles', 'path.roles'], 'the list has the products by name for people and for the model, without any id, and is not for employees', async (world) => {
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(calls({ name: 'list_licences', arguments: {} }), says('These.'));
    const turn = await chat.say('which licences are left?', { expect: 2 });
    assert.match(turn.shown, /Microsoft 365 E3/);
    assert.equal(turn.shown.match(/Visio Plan 2/g)?.length, 1, 'a name stands twice');
    assertNoIds(turn.shown);
    const told = world.model.requests.at(-1)?.last('tool') ?? '';
    assert.match(told, /"product":"Visio Plan 2","available":0,/);
    assert.doesNotMatch(told, /[0-9a-f]{8}-[0-9a-f]{4}/);
    world.model.play(calls({ name: 'list_licences', arguments: {} }));
    const employee = world.chat(world.person('employee'));
    assert.match(onlySentence(await employee.say('which licences are left?')), /role does not allow/);
  });

  interface Refusal {
    readonly title: string;
    readonly action: 'assign_licence' | 'remove_licence';
    readonly product: string;
    readonly target: (world: World) => Persona;
    readonly says: RegExp;
    /** Known before anything is asked of Graph. */
    readonly unasked?: true;
  }

  const refusals: readonly Refusal[] = [
    { title: 'of which none is left', action: 'assign_licence', product: 'Visio Plan 2', target: (world) => colleagueWho(world, (user) => user.usageLocation !== null && !has(user, skuOf(world, 'VISIOCLIENT'))), says: /No licence of that kind is left/ },
    { title: 'for an account without a usage location', action: 'assign_licence', product: 'Planner and Project Plan 3', target: (world) => personaOf(world, [...companyOf(world).users.values()].find(({ displayName }) => displayName === 'Calliope Marsh')!), says: /no usage location/ },
    { title: 'that the person has already', action: 'assign_licence', product: 'Microsoft 365 E3', target: (world) => colleagueWho(world, (user) => has(user, skuOf(world, 'SPE_E3'))), says: /already so/, unasked: true },
    { title: 'that goes together with nothing they have', action: 'assign_licence', product: 'Microsoft 365 F3', target: (world) => colleagueWho(world, (user) => has(user, skuOf(world, 'SPE_E3'))), says: /refused it, so it was not done/ },
    { title: 'that comes from a group, to be taken back', action: 'remove_licence', product: 'Microsoft 365 F3', target: (world) => personaOf(world, [...companyOf(world).users.values()].find((user) => user.licenseAssignmentStates.some(({ assignedByGroup }) => assignedByGroup !== null) && world.people.some(({ aadObjectId, roles }) => aadObjectId === user.id && roles.join() === 'employee') && [...companyOf(world).users.values()].filter(({ displayName }) => displayName === user.displayName).length === 1)!), says: /comes from a group/ },
    { title: 'that the person does not have, to be taken back', action: 'remove_licence', product: 'Visio Plan 2', target: (world) => colleagueWho(world, (user) => !has(user, skuOf(world, 'VISIOCLIENT'))), says: /already so/ },
  ];
  for (const { action, product, says: sentence, target: choose, title, unasked } of refusals) {
    story('fail.honest', `${title}: the card says so, and nothing was changed`, async (world) => {
      const target = choose(world);
      const chat = world.chat(world.person('helpdesk', 1));
      const card = theCard(await asksLicence(world, chat, target, action, product, `${action === 'assign_licence' ? 'give' : 'take back'} ${product}: ${target.name}, ${REASON}`));
      const text = await confirmed(world, chat, card, /licence/i);
      assert.match(text, /✗ Not done/);
      assert.match(text, sentence);
      await assertNoEffect(world);
      assert.equal((await robotAsked(world)).some(({ path }) => path.endsWith('/assignLicense')), unasked !== true);
    });
  }

  story('fail.honest', 'an answer that got lost is an unknown outcome, and nothing is sent a second time', async (world) => {
    const project = skuOf(world, 'PROJECTPROFESSIONAL');
    const target = colleagueWho(world, (user) => user.usageLocation !== null && user.assignedLicenses.length === 1 && !has(user, project) && has(user, skuOf(world, 'SPE_E3')));
    const chat = world.chat(world.person('helpdesk', 1));
    const card = theCard(await asksLicence(world, chat, target, 'assign_licence', 'Planner and Project Plan 3', `give ${target.name} Planner and Project Plan 3, ${REASON}`));
    await world.control.fault({ service: 'graph', kind: 'reset', method: 'POST', path: '/assignLicense' });
    assertTaken(await chat.click(card, /licence/i));
    const outcome = await world.connector.until(() => {
      const now = world.connector.current(card.activityId);
      return now !== undefined && /Outcome unknown/.test(shown(now)) ? now : undefined;
    }, 8_000, 'the card never says that the outcome is unknown');
    assert.doesNotMatch(shown(outcome), /✓ Done/);
    assert.equal((await robotAsked(world)).filter(({ method, path }) => method === 'POST' && path.endsWith('/assignLicense')).length, 1, 'an effect was sent twice');
  });
});

describe('mail', () => {
  const { story } = useWorld({ model: 'scripted' });

  const mails = (subject: string, body: string): Step => (request) => calls({ name: 'send_mail', arguments: { person: personIn(request), subject, body } });

  story(['path.card', 'path.card-whole', 'path.robot-identity'], 'a long one is shown whole, and sent from Steward’s mailbox alone, once', async (world) => {
    const target = colleagueWho(world, ({ mail }) => mail !== null);
    const chat = world.chat(world.person('helpdesk'));
    const body = `Hello,\n\nyour new laptop is ready. ${'Bring the old one. '.repeat(205)}The end.`.slice(0, 3_990);
    assert.ok(body.length > 3_800);
    world.model.play(finds(target.name), mails('Your new laptop', body));
    const card = theCard(await chat.say(`mail ${target.name} that her new laptop is ready`));
    const text = textOf(cardOf(card));
    for (const line of body.split('\n')) assert.ok(text.includes(line.trim()), 'the mail is not shown whole');
    assert.match(text, /worded by Steward/);
    await assertNoEffect(world);
    assert.match(await confirmed(world, chat, card, /^send mail/i), /✓ Done/);
    const effect = await onlyEffect(world);
    const { mail } = companyOf(world).users.get(target.aadObjectId)!;
    assert.equal(`${effect.method} ${effect.path} ${effect.status}`, `POST /v1.0/users/${companyOf(world).robotMailbox.id}/sendMail 202`);
    assert.deepEqual(effect.body, { message: { subject: 'Your new laptop', body: { contentType: 'text', content: body }, toRecipients: [{ emailAddress: { address: mail } }] }, saveToSentItems: true });
  });

  story('path.card-whole', 'one that is too long for a card makes none', async (world) => {
    const target = world.colleague();
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), mails('Long', 'x'.repeat(4_001)));
    assertPlain(onlySentence(await chat.say(`mail ${target.name}`)).replace(/ \(Reference: [\w-]+\)/, ''));
    await assertNoEffect(world);
  });

  story('fail.honest', 'not to a guest, however the account is called', async (world) => {
    const guest = world.person('guest');
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(guest.name), mails('Hello', 'Hello there.'));
    const text = await confirmed(world, chat, theCard(await chat.say(`mail ${guest.name}: Hello there.`)), /^send mail/i);
    assert.match(text, /✗ Not done/);
    assert.match(text, /only to members of this organisation/);
    await assertNoEffect(world);
    assert.ok(!(await robotAsked(world)).some(({ path }) => path.endsWith('/sendMail')));
  });

  story(['fail.honest', 'path.roles'], 'what Exchange refuses is not done, and an employee sends none', async (world) => {
    const target = colleagueWho(world, ({ mail }) => mail !== null);
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(finds(target.name), mails('Hello', 'Hello there.'));
    const card = theCard(await chat.say(`mail ${target.name}: Hello there.`));
    await world.control.fault({ service: 'graph', kind: 'status', method: 'POST', path: '/sendMail', status: 403, code: 'ErrorAccessDenied' });
    assert.match(await confirmed(world, chat, card, /^send mail/i), /refused it, so it was not done/);
    await assertNoEffect(world);
    await world.control.heal();
    world.model.play((request) => calls({ name: 'send_mail', arguments: { person: request.asker, subject: 'Hello', body: 'Hello there.' } }));
    assert.match(onlySentence(await world.chat(world.person('employee')).say('mail me')), /role does not allow/);
  });
});

describe('service health', () => {
  const { story } = useWorld({ model: 'scripted' });

  story(['path.handles', 'path.roles'], 'open issues only, in Microsoft’s words for the person and in kinds and days for the model', async (world) => {
    const company = companyOf(world);
    const chat = world.chat(world.person('helpdesk'));
    world.model.play(calls({ name: 'show_service_health', arguments: {} }), says('These are open.'));
    const turn = await chat.say('does Microsoft report a problem?', { expect: 2 });
    for (const { isResolved, title, impactDescription } of company.serviceHealthIssues) {
      assert.equal(turn.shown.includes(title), !isResolved, title);
      if (!isResolved) assert.ok(turn.shown.includes(impactDescription.trim()), 'what it does is not shown whole');
      assert.ok(!world.model.requests.some(({ raw }) => raw.includes(title)), 'the model was told Microsoft’s words');
    }
    assert.match(world.model.requests.at(-1)?.last('tool') ?? '', /"issue_kind":"(?:incident|advisory)","since":"\d{4}-\d\d-\d\d"/);
    const asked = (await robotAsked(world)).at(-1);
    assert.equal(asked?.path, '/v1.0/admin/serviceAnnouncement/issues');
    assert.equal(new URLSearchParams(asked.query).get('$filter'), 'isResolved eq false');
    world.model.play(calls({ name: 'show_service_health', arguments: {} }));
    assert.match(onlySentence(await world.chat(world.person('employee')).say('does Microsoft report a problem?')), /role does not allow/);
  });

  story('fail.honest', 'while Graph does not answer: said so', async (world) => {
    await world.control.fault({ service: 'graph', kind: 'status', path: '/admin/serviceAnnouncement', status: 503 });
    world.model.play(calls({ name: 'show_service_health', arguments: {} }));
    assert.match(onlySentence(await world.chat(world.person('helpdesk')).say('does Microsoft report a problem?')), /does not answer/);
  });
});
