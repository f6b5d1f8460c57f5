import assert from 'node:assert/strict';
import type { Action } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { StewardError } from '../../../src/errors.ts';
import { Policy, type PolicyRequest } from '../../../src/guard/policy.ts';
import { person, policyText } from './support.ts';

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
    'that names an action which is not in the catalogue': '@id("a") @reason("b") permit (principal, action == Action::"wipe_device", resource);',
    'that compares a level with a truth value': '@id("a") @reason("b") forbid (principal, action, resource) when { context.level == true };',
    'that asks the target of an action without one': '@id("a") @reason("b") permit (principal, action == Action::"find_person", resource) when { resource.vip };',
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
      refused(policyOf(everything), { action: { ...show, name: 'wipe_device' } });
      refused(policyOf(everything), { action: { ...show, name: 'constructor' } });
    });

    it('an action with a target, asked without one, and the other way round', () => {
      refused(policyOf(everything), { target: undefined as never });
      refused(policyOf(everything), { action: find('find_person') });
    });

    it('a fact that is missing or of another type', () => {
      for (const key of ['personal', 'untrusted', 'confirmed', 'seconded'] as const) {
        refused(policyOf(everything), { [key]: undefined });
        refused(policyOf(everything), { [key]: 'true' });
      }
      refused(policyOf(everything), { level: 1 as never });
      refused(policyOf(everything), { level: undefined as never });
    });

    it('an attribute that the directory did not give', () => {
      for (const key of ['enabled', 'guest', 'privileged', 'breakGlass', 'vip'] as const) {
        refused(policyOf(everything), { target: { ...ben, [key]: undefined as never } });
        refused(policyOf(everything), { requester: { ...ada, [key]: 'false' as never } });
      }
    });
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
