import assert from 'node:assert/strict';
import type { Action } from '../../../src/actions/action.ts';
import { catalogue, catalogueOf } from '../../../src/actions/catalogue.ts';
import type { Clients } from '../../../src/clients/create-clients.ts';
import { StewardError } from '../../../src/errors.ts';
import { Policy, schemaOf, type PolicyRequest } from '../../../src/guard/policy.ts';
import { createSteward } from '../../../src/steward.ts';
import { handClock, person, policyText } from './support.ts';

const find = (name: string): Action => {
  const action = catalogue.find(name);
  assert(action);
  return action;
};
const show = find('show_person');
const block = find('block_sign_in');
const ada = person('ada', { roles: ['employee', 'helpdesk'] });
const ben = person('ben');

const request = (changes: Partial<PolicyRequest> = {}): PolicyRequest => ({
  requester: ada,
  action: show,
  target: ben,
  level: 'full',
  personal: true,
  untrusted: false,
  confirmed: false,
  seconded: false,
  limitReached: false,
  justified: true,
  ownRecentEffect: false,
  ...changes,
});

const policyOf = (source: string): Policy => new Policy(source, catalogue.all());
const everything = '@id("all") @reason("Everything.") permit (principal, action, resource);';

describe('policy text', () => {
  it('of this repository holds, and every policy in it has an id, a reason and a known code', () => {
    assert.match(policyOf(policyText).digest, /^[0-9a-f]{64}$/);
  });

  const wrong: Readonly<Record<string, string>> = {
    'that is no policy': 'permit everything please',
    'that ends in the middle': '@id("a") @reason("b") permit (principal, action',
    'without an @id': '@reason("b") permit (principal, action, resource);',
    'without a @reason': '@id("a") permit (principal, action, resource);',
    'with an empty @id': '@id("") @reason("b") permit (principal, action, resource);',
    'with an empty @reason': '@id("a") @reason("") permit (principal, action, resource);',
    'with an @id without a value': '@id @reason("b") permit (principal, action, resource);',
    'with one id twice': `${everything} ${everything}`,
    'with one good policy and one without an @id': `${everything} forbid (principal, action, resource);`,
    'with an unknown @code': '@id("a") @reason("b") @code("NO_SUCH_CODE") forbid (principal, action, resource);',
    'with a @code that every object has': '@id("a") @reason("b") @code("constructor") forbid (principal, action, resource);',
    'that asks for an unknown attribute of the person': '@id("a") @reason("b") permit (principal, action, resource) when { principal.isAdmin };',
    'that asks for an unknown attribute of the target': '@id("a") @reason("b") permit (principal, action == Action::"show_person", resource) when { resource.vipp };',
    'that asks for an unknown fact': '@id("a") @reason("b") permit (principal, action, resource) when { context.approved };',
    'that names an action which is not in the catalogue': '@id("a") @reason("b") permit (principal, action == Action::"wipe_everything", resource);',
    'that compares a level with a truth value': '@id("a") @reason("b") forbid (principal, action, resource) when { context.level == true };',
    'that asks the target of an action without one': '@id("a") @reason("b") permit (principal, action == Action::"find_person", resource) when { resource.vip };',
    'with a slot': '@id("a") @reason("b") permit (principal == ?principal, action, resource);',
    'that names an unknown type': '@id("a") @reason("b") permit (principal in Group::"helpdesk", action, resource);',
  };
  for (const [what, source] of Object.entries(wrong)) {
    it(`${what} is refused, and Steward does not start`, () => {
      assert.throws(
        () => policyOf(source),
        (error) => error instanceof StewardError && error.code === 'CONFIGURATION_INVALID',
      );
    });
  }

  it('names actions that a deployment may be without; one that has connected nothing is wired all the same', () => {
    const nothing = { met: new Set<never>(), enable: [], disable: ['list_apps'] };
    assert.throws(() => new Policy(policyText, catalogueOf(nothing).all()), (error) => error instanceof StewardError && /list_own_tickets/.test(error.message));
    const price = { model: 'm', retires: '2099-01-01', inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 1 };
    const ceiling = { monthMicroUsd: 1, personDayMicroUsd: 1, turnMicroUsd: 1, price, dearest: price };
    const settings = { tenantId: 't', appId: 'a', linkHosts: [], ceiling, policy: policyText, contract: 'c', actions: nothing };
    const never = async (): Promise<never> => Promise.reject(new Error('nothing is asked here'));
    // Wiring reads nothing of its clients.
    const dependencies = { clients: { ledger: {} } as Clients, clock: handClock(), connector: { httpClient: { sendRequest: never }, connectorToken: never }, isServiceUrlAllowed: () => false, onError: () => undefined };
    assert.ok(createSteward(settings, dependencies));
  });

  it('does not hold for a catalogue of which no schema can be made', () => {
    // An action that is called like a class would be in the group that it is.
    assert.throws(() => new Policy(policyText, [...catalogue.all(), { ...show, name: 'read' }]), (error) => error instanceof StewardError && error.code === 'CONFIGURATION_INVALID');
  });

  it('that does not hold is refused with everything that Cedar says about it', () => {
    const two = '@id("a") @reason("b") permit (principal, action, resource) when { principal.isAdmin }; @id("c") @reason("d") permit (principal, action, resource) when { principal.isRoot };';
    assert.throws(() => policyOf(two), /^StewardError: the policy does not hold: .*isAdmin.*; .*isRoot|the policy does not hold: .*isRoot.*; .*isAdmin/s);
  });

  it('gives the code of the first policy that has one, beside others without', () => {
    const plain = (id: string): string => `@id("${id}") @reason("b") forbid (principal, action, resource);`;
    const coded = (id: string): string => `@id("${id}") @reason("b") @code("TARGET_VIP") forbid (principal, action, resource);`.replace('TARGET_VIP', 'KILLED');
    for (const source of [plain('a') + coded('b'), coded('a') + plain('b'), plain('x') + coded('a')]) assert.equal(policyOf(source).ask(request()).code, 'KILLED');
  });

  it('sees the deployment where an action has no target, and a person where it has one', () => {
    const onDeployment = policyOf('@id("d") @reason("b") permit (principal, action, resource == Deployment::"this");');
    const search: PolicyRequest = { ...request(), action: find('find_person') };
    const { target: _, ...untargeted } = search;
    assert.equal(onDeployment.ask(untargeted).permitted, true);
    assert.equal(onDeployment.ask(request()).permitted, false);
  });

  it('knows everything but reads as an effect', () => {
    const { actions } = schemaOf([show])['']!;
    assert.deepEqual([actions['read'], actions['sensitive_read']], [{}, {}]);
    for (const effect of ['self_service', 'write', 'destructive', 'restore', 'critical']) assert.deepEqual(actions[effect], { memberOf: [{ id: 'effect' }] });
  });

  it('without any policy permits nothing', () => {
    assert.deepEqual(policyOf('').ask(request()), { permitted: false, policies: [], code: 'POLICY_DENIED' });
  });

  it('has a digest that changes with any character of it', () => {
    assert.notEqual(policyOf(policyText).digest, policyOf(`${policyText}\n`).digest);
  });
});

describe('policy decision', () => {
  it('names the policies that permitted by the reviewer’s own ids', () => {
    assert.deepEqual(policyOf(policyText).ask(request()), { permitted: true, policies: ['read-helpdesk'], code: 'POLICY_DENIED' });
  });

  it('names the policies that refused, and their code', () => {
    const answer = policyOf(policyText).ask(request({ level: 'off' }));
    assert.deepEqual([answer.permitted, answer.policies, answer.code], [false, ['forbid-killed'], 'KILLED']);
  });

  it('lets a forbid win over every permit', () => {
    const policy = policyOf(`${everything} @id("no") @reason("No.") @code("TARGET_PRIVILEGED") forbid (principal, action == Action::"show_person", resource);`);
    assert.deepEqual(policy.ask(request()), { permitted: false, policies: ['no'], code: 'TARGET_PRIVILEGED' });
    assert.equal(policy.ask(request({ action: block })).permitted, true);
  });

  it('gives POLICY_DENIED for a forbid without a code of its own', () => {
    const policy = policyOf(`${everything} @id("no") @reason("No.") forbid (principal, action, resource);`);
    assert.equal(policy.ask(request()).code, 'POLICY_DENIED');
  });

  it('compares people by their id, not by how they are called', () => {
    const policy = policyOf('@id("own") @reason("Own.") permit (principal, action in [Action::"show_person", Action::"block_sign_in"], resource) when { resource == principal };');
    assert.equal(policy.ask(request({ target: { ...ada, displayName: 'Somebody Else' } })).permitted, true);
    assert.equal(policy.ask(request({ target: person('ben', { displayName: ada.displayName, userPrincipalName: ada.userPrincipalName }) })).permitted, false);
  });

  describe('refuses what can’t be evaluated', () => {
    const overflow = 'context.level == "full" && 9223372036854775807 + 1 > 0';
    const refused = (policy: Policy, changes: Partial<PolicyRequest> = {}): void => {
      assert.deepEqual(policy.ask(request(changes)), { permitted: false, policies: [], code: 'POLICY_EVALUATION_FAILED' });
    };

    it('a forbid that errs, which Cedar would skip', () => {
      refused(policyOf(`${everything} @id("err") @reason("Errs.") forbid (principal, action, resource) when { ${overflow} };`));
    });

    it('a permit that errs beside one that permits', () => {
      refused(policyOf(`${everything} @id("err") @reason("Errs.") permit (principal, action, resource) when { ${overflow} };`));
    });

    it('an action that is not in the catalogue', () => {
      refused(policyOf(everything), { action: { ...show, name: 'wipe_everything' } });
      refused(policyOf(everything), { action: { ...show, name: 'constructor' } });
    });

    it('an action with a target, asked without one, and the other way round', () => {
      refused(policyOf(everything), { target: undefined as never });
      refused(policyOf(everything), { action: find('find_person') });
    });

    it('a fact that is missing or of another type', () => {
      for (const key of ['personal', 'untrusted', 'confirmed', 'seconded', 'limitReached', 'justified', 'ownRecentEffect'] as const) {
        refused(policyOf(everything), { [key]: undefined });
        refused(policyOf(everything), { [key]: 'true' });
      }
      refused(policyOf(everything), { level: 1 as never });
      refused(policyOf(everything), { level: undefined as never });
    });

    it('what can’t even be handed over', () => {
      refused(policyOf(everything), { level: Symbol('full') as never });
      refused(policyOf(everything), { level: (() => 'full') as never });
    });

    it('an attribute that the directory did not give', () => {
      for (const key of ['enabled', 'guest', 'privileged', 'breakGlass', 'vip'] as const) {
        refused(policyOf(everything), { target: { ...ben, [key]: undefined as never } });
        refused(policyOf(everything), { requester: { ...ada, [key]: 'false' as never } });
      }
    });
  });

  it('refuses where asking itself fails', () => {
    const target = Object.defineProperty({ ...ben }, 'vip', { get: () => assert.fail('unreadable') });
    assert.deepEqual(policyOf(everything).ask(request({ target })), { permitted: false, policies: [], code: 'POLICY_EVALUATION_FAILED' });
  });

  it('sees the fresher facts about somebody who acts on themselves', () => {
    const policy = policyOf('@id("own") @reason("Own.") permit (principal, action, resource) when { principal.enabled };');
    assert.equal(policy.ask(request({ target: { ...ada, enabled: false } })).permitted, true);
    assert.equal(policy.ask(request({ requester: { ...ada, enabled: false }, target: ada })).permitted, false);
  });

  it('gives a role that nobody knows no right', () => {
    const policy = policyOf(policyText);
    assert.equal(policy.ask(request({ requester: person('eve', { roles: ['superuser' as never] }) })).permitted, false);
    assert.equal(policy.ask(request({ requester: person('eve', { roles: [] }) })).permitted, false);
  });

  it('keeps two policies apart that are loaded at the same time', () => {
    const open = policyOf(everything);
    const closed = policyOf('');
    assert.equal(open.ask(request()).permitted, true);
    assert.equal(closed.ask(request()).permitted, false);
    assert.equal(open.ask(request()).permitted, true);
  });
});

describe('overlay', () => {
  const over = (overlay: string): Policy => new Policy(policyText, catalogue.all(), overlay);
  const noVip = '@id("acme-no-vip") @reason("Acme: nobody touches a VIP.") @code("TARGET_PRIVILEGED") forbid (principal, action in Action::"effect", resource is Person) when { resource.vip };';
  const refuses = (overlay: string, says: RegExp): void => assert.throws(() => over(overlay), (error) => error instanceof StewardError && error.code === 'CONFIGURATION_INVALID' && says.test(error.message));

  it('narrows what was permitted, names itself, and leaves the rest as it was', () => {
    const asked = request({ action: block, target: person('vip', { vip: true }), confirmed: true, seconded: true });
    assert.equal(policyOf(policyText).ask(asked).permitted, true);
    assert.deepEqual(over(noVip).ask(asked), { permitted: false, policies: ['acme-no-vip'], code: 'TARGET_PRIVILEGED' });
    assert.deepEqual(over(noVip).ask({ ...asked, target: ben }), policyOf(policyText).ask({ ...asked, target: ben }));
    assert.deepEqual(over(noVip).ask(request()), policyOf(policyText).ask(request()));
  });

  it('of nothing, or of comments, changes no answer', () => {
    for (const overlay of ['', '  \n', '// nothing here']) assert.deepEqual(over(overlay).ask(request()), policyOf(policyText).ask(request()));
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['that permits', everything, /`all` would permit/],
    ['that permits under a condition which can’t hold', '@id("x") @reason("y") permit (principal, action, resource) when { false };', /would permit/],
    ['with a forbid and a permit behind it', `${noVip} ${everything}`, /`all` would permit/],
    ['with an id that the policy has', noVip.replace('acme-no-vip', 'forbid-killed'), /two policies are called `forbid-killed`/],
    ['with an id that a permit of the policy has', noVip.replace('acme-no-vip', 'read-helpdesk'), /two policies are called/],
    ['with one id twice', `${noVip} ${noVip}`, /two policies are called/],
    ['that is no Cedar', 'forbid everything', /does not hold/],
    ['that ends in the middle', noVip.slice(0, -20), /does not hold/],
    ['without an @id', 'forbid (principal, action, resource);', /needs an @id/],
    ['without a @reason', '@id("x") forbid (principal, action, resource);', /needs an @id and a @reason/],
    ['with a code that is none of ours', noVip.replace('TARGET_PRIVILEGED', 'ACME'), /unknown @code/],
    ['with a slot', '@id("x") @reason("y") forbid (principal == ?principal, action, resource);', /templates are not used/],
    ['that asks for what is not known', '@id("x") @reason("y") forbid (principal, action, resource) when { principal.shoeSize > 40 };', /does not hold/],
    ['that names an action which is not there', '@id("x") @reason("y") forbid (principal, action == Action::"wipe_everything", resource);', /does not hold/],
  ];
  for (const [what, overlay, says] of wrong) it(`${what} stops the start`, () => refuses(overlay, says));

  it('that errs while it is evaluated refuses, although Cedar would skip it', () => {
    const erring = '@id("err") @reason("Errs.") forbid (principal, action, resource) when { context.level == "full" && 9223372036854775807 + 1 > 0 };';
    assert.deepEqual(over(erring).ask(request()), { permitted: false, policies: [], code: 'POLICY_EVALUATION_FAILED' });
  });

  it('changes the digest that approvals are bound to, wherever the line between the two texts runs', () => {
    const digests = [over('').digest, over(noVip).digest, over(`${noVip} `).digest, policyOf(`${policyText}${noVip}`).digest];
    assert.equal(new Set(digests).size, digests.length);
    assert.equal(over(noVip).digest, over(noVip).digest);
    assert.equal(over('').digest, policyOf(policyText).digest);
  });
});
