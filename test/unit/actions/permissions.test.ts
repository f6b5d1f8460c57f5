/** Least privilege, argued: what each identity may do is what somebody needs of it, and nothing that leads to everything. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod/v4';
import { systems } from '../../../src/actions/action.ts';
import { catalogue } from '../../../src/actions/catalogue.ts';
import { readGraphPermissions } from './graph-reference.ts';

const said = z.string().trim().min(1);
const grant = z.strictObject({ system: said, permission: said, scope: said, grantedBy: said, reason: said });
const { identities } = z
  .strictObject({ $comment: said, identities: z.record(z.enum(['channel', 'reasoner', 'robot', 'keeper']), z.strictObject({ purpose: said, grants: z.array(grant) })) })
  .parse(JSON.parse(readFileSync(new URL('../../../infra/permissions.json', import.meta.url), 'utf8')));
const tier0 = z
  .strictObject({ $comment: said, denied: z.array(z.strictObject({ permission: said, attackPath: said, source: z.url() })) })
  .parse(JSON.parse(readFileSync(new URL('../../../infra/tier0.json', import.meta.url), 'utf8'))).denied;

const everyGrant = Object.values(identities).flatMap(({ grants }) => grants);
/** Every operation that an action declares, with its name. */
const declared = catalogue.all().flatMap(({ name, operation, reads = [] }) => [operation, ...reads].map((each) => ({ name, ...each })));

describe('the grants of the robot', () => {
  for (const system of systems) {
    it(`on ${system} are what the actions of the catalogue need: nothing more, nothing less`, () => {
      const needed = new Set(declared.filter((operation) => operation.system === system).flatMap(({ permissions }) => permissions));
      const granted = new Set(identities.robot.grants.filter((each) => each.system === system).map(({ permission }) => permission));
      assert.deepEqual([...granted].sort(), [...needed].sort());
    });
  }

  it('beside those systems are one secret: the password of the integration user', () => {
    const others = identities.robot.grants.filter((each) => !systems.some((system) => system === each.system));
    assert.deepEqual(others.map(({ system, permission }) => [system, permission]), [['vault', 'Key Vault Secrets User']]);
    assert.match(others[0]?.scope ?? '', /^secret /);
  });

  it('on Graph, ARM and Logic Apps say in their reason which action needs them', () => {
    for (const { system, permission, reason } of identities.robot.grants) {
      // A role of ServiceNow carries all of its table's actions.
      if (system === 'vault' || system === 'servicenow') continue;
      const users = new Set(declared.filter((operation) => operation.system === system && operation.permissions.includes(permission)).map(({ name }) => name));
      assert.ok([...users].some((name) => reason.includes(name)), `${permission}: ${reason}`);
    }
  });

  it('outside Graph’s tenant-wide permissions reach one named thing, never all of a kind', () => {
    for (const { grantedBy, scope, permission } of identities.robot.grants) {
      if (scope === 'tenant') assert.equal(grantedBy, 'app role assignment', permission);
    }
  });

  it('of mail are Exchange’s, scoped to a mailbox, and never Graph’s own', () => {
    const mail = everyGrant.filter(({ permission }) => /mail/i.test(permission));
    assert.deepEqual(mail.map(({ permission }) => permission), ['Application Mail.Send']);
    assert.match(mail[0]?.scope ?? '', /mailbox/);
    assert.match(mail[0]?.grantedBy ?? '', /Exchange/);
  });
});

describe('the grants of the other identities', () => {
  const brief = (name: keyof typeof identities): readonly string[] => identities[name].grants.map(({ system, permission, scope }) => `${system}: ${permission} on ${scope}`);

  it('of the keeper are pinned: it reads who is who, and writes only its own state', () => {
    assert.deepEqual(brief('keeper'), [
      'graph: User.Read.All on tenant',
      'graph: GroupMember.Read.All on tenant',
      'graph: DeviceManagementManagedDevices.Read.All on tenant',
      'storage: Storage Table Data Contributor on the storage account of this deployment',
      'storage: Storage Blob Data Contributor on the ledger container',
      'storage: Storage Blob Data Contributor on the container for checkpoints, which may be in another account',
      'vault: Key Vault Crypto User on key ledger-signing-key',
      'vault: Key Vault Crypto Service Encryption User on key ledger-wrapping-key',
      'vault: Key Vault Reader on key knowledge-signing-key',
      'vault: Key Vault Secrets User on secret ledger-digest-key',
    ]);
  });

  it('of the reasoner are the model, and of the channel none', () => {
    assert.deepEqual(brief('reasoner'), ['openai: Cognitive Services OpenAI User on the model account of this deployment']);
    assert.deepEqual(brief('channel'), []);
  });

  it('let none but the robot have an effect on a system', () => {
    for (const [name, { grants }] of Object.entries(identities)) {
      if (name === 'robot') continue;
      for (const { system, permission } of grants) {
        if (system === 'graph') assert.match(permission, /\.Read\.All$/, name);
        assert.ok(['graph', 'storage', 'vault', 'openai'].includes(system), `${name} reaches ${system}`);
      }
    }
  });
});

describe('a grant', () => {
  it('is listed once for what it is about', () => {
    for (const [name, { grants }] of Object.entries(identities)) {
      const keys = grants.map(({ system, permission, scope }) => `${system} ${permission} ${scope}`);
      assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), [], name);
    }
  });

  it('on Graph is an application permission that Microsoft publishes, or says what it is instead', function () {
    const known = readGraphPermissions();
    if (known === undefined) return this.skip();
    for (const { grantedBy, permission, system } of everyGrant) {
      if (system === 'graph') assert.equal(known.isApplication(permission), grantedBy === 'app role assignment', `${permission} by ${grantedBy}`);
    }
  });
});

describe('the permissions that lead to everything', () => {
  /** Those that the design names; the list may only grow. */
  const leastOf = ['RoleManagement.ReadWrite.Directory', 'AppRoleAssignment.ReadWrite.All', 'Application.ReadWrite.All', 'Directory.ReadWrite.All', 'User.ReadWrite.All', 'Group.ReadWrite.All', 'GroupMember.ReadWrite.All', 'UserAuthenticationMethod.ReadWrite.All', 'UserAuthMethod-TAP.ReadWrite.All', 'Mail.Send'];
  /** In Microsoft's permissions reference and not in the description of the paths that they open: https://learn.microsoft.com/graph/permissions-reference. */
  const ONLY_IN_THE_REFERENCE: readonly string[] = ['RoleManagementPolicy.ReadWrite.Directory', 'RoleManagementPolicy.ReadWrite.AzureADGroup', 'Application.ReadUpdate.All'];
  const denied = new Set(tier0.map(({ permission }) => permission));

  it('are had by no identity and asked for by no action', () => {
    assert.deepEqual(everyGrant.filter(({ permission }) => denied.has(permission)), []);
    assert.deepEqual(declared.filter(({ permissions }) => permissions.some((permission) => denied.has(permission))), []);
  });

  it('are at least those that the design names, each once, with its attack path in a sentence', () => {
    for (const permission of leastOf) assert.ok(denied.has(permission), permission);
    assert.equal(denied.size, tier0.length);
    for (const { attackPath } of tier0) assert.match(attackPath, /^[A-Z].{20,}\.$/s);
  });

  it('are called what Microsoft calls them', function () {
    const known = readGraphPermissions();
    if (known === undefined) return this.skip();
    assert.deepEqual(tier0.filter(({ permission }) => known.isApplication(permission) === ONLY_IN_THE_REFERENCE.includes(permission)), []);
  });
});
