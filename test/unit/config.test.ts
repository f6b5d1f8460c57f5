import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readConfig } from '../../src/config.ts';
import { StewardError } from '../../src/errors.ts';

const id = (digit: number): string => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;

const whole: Readonly<Record<string, string>> = {
  STEWARD_TENANT_ID: id(1),
  STEWARD_CHANNEL_CLIENT_ID: id(2),
  STEWARD_REASONER_CLIENT_ID: id(3),
  STEWARD_ROBOT_CLIENT_ID: id(4),
  STEWARD_KEEPER_CLIENT_ID: id(5),
  STEWARD_CLOUD: 'public',
  STEWARD_VAULT_NAME: 'contoso-vault',
  STEWARD_STORAGE_ACCOUNT: 'contosostorage',
  STEWARD_OPENAI_RESOURCE: 'contoso-openai',
  STEWARD_OPENAI_DEPLOYMENT: 'planner',
  STEWARD_OPENAI_MODEL: 'gpt-4o-mini',
  STEWARD_HELPDESK_GROUP_ID: id(6),
  STEWARD_APPROVER_GROUP_ID: id(7),
  STEWARD_ADMIN_GROUP_ID: id(8),
  STEWARD_VIP_GROUP_ID: id(9),
  STEWARD_BREAK_GLASS_GROUP_ID: id(0),
  STEWARD_MONTHLY_CEILING_USD: '250',
  STEWARD_PERSON_DAILY_CEILING_USD: '1.50',
  STEWARD_LINK_HOSTS: 'learn.microsoft.com, intranet.contoso.com',
  PORT: '8080',
};

function problemsOf(env: Readonly<Record<string, string | undefined>>, options?: readonly string[]): string {
  try {
    readConfig(env, options);
  } catch (error) {
    assert(error instanceof StewardError);
    assert.equal(error.code, 'CONFIGURATION_INVALID');
    return error.message;
  }
  return assert.fail('it was accepted');
}

describe('config', () => {
  it('reads a whole environment', () => {
    const config = readConfig({ PATH: '/bin', ...whole });
    assert.equal(config.tenantId, id(1));
    assert.deepEqual(config.identities, { channel: id(2), reasoner: id(3), robot: id(4), keeper: id(5) });
    assert.deepEqual(config.resources, { vault: 'contoso-vault', storage: 'contosostorage', openai: 'contoso-openai' });
    assert.deepEqual(config.model, { deployment: 'planner', name: 'gpt-4o-mini' });
    assert.deepEqual(config.roleGroups, { helpdesk: id(6), approver: id(7), admin: id(8), vip: id(9), breakGlass: id(0) });
    assert.equal(config.monthMicroUsd, 250_000_000);
    assert.equal(config.personDayMicroUsd, 1_500_000);
    assert.deepEqual(config.linkHosts, ['learn.microsoft.com', 'intranet.contoso.com']);
    assert.equal(config.port, 8080);
  });
  it('has defaults for what decides nothing: port, cloud, and an empty list of hosts', () => {
    const config = readConfig({ ...whole, PORT: undefined, STEWARD_CLOUD: undefined, STEWARD_LINK_HOSTS: undefined });
    assert.deepEqual([config.port, config.cloud, config.linkHosts], [3978, 'public', []]);
  });
  it('names everything that is missing, at once', () => {
    const problems = problemsOf({});
    for (const name of Object.keys(whole).filter((each) => !['PORT', 'STEWARD_CLOUD', 'STEWARD_LINK_HOSTS'].includes(each))) assert(problems.includes(name), name);
  });
  it('names what is missing, unknown and forbidden in one message', () => {
    const problems = problemsOf({ ...whole, STEWARD_TENANT_ID: undefined, STEWARD_KILL: '1', DEBUG: '*' }, ['--inspect=0.0.0.0:9229']);
    for (const part of ['STEWARD_TENANT_ID', 'STEWARD_KILL is not a setting', 'DEBUG must not be set', '--inspect must not be used']) assert(problems.includes(part), problems);
  });
  it('never repeats a value', () => {
    const secret = 'SENTINEL-VALUE';
    const wrong = Object.fromEntries(Object.keys(whole).map((name) => [name, name === 'STEWARD_VAULT_NAME' ? '' : `${secret} ${name}!`]));
    const problems = problemsOf({ ...wrong, STEWARD_UNKNOWN: secret, AZURE_OPENAI_API_KEY: secret, MicrosoftAppPassword: secret, NODE_OPTIONS: `--inspect=${secret} --tls-keylog=${secret}` }, [`--heap-prof=${secret}`]);
    assert(!problems.includes(secret), problems);
  });
  for (const name of ['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE', 'DEBUG', 'AZURE_LOG_LEVEL', 'OPENAI_LOG', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'AZURE_OPENAI_API_KEY', 'AZURE_CLIENT_SECRET', 'MicrosoftAppId', 'MicrosoftAppPassword', 'MicrosoftAppType', 'NODE_EXTRA_CA_CERTS', 'SSLKEYLOGFILE', 'AZURE_AUTHORITY_HOST', 'NODE_V8_COVERAGE', 'NODE_REPL_EXTERNAL_MODULE']) {
    it(`does not start with ${name} set, and does with it empty`, () => {
      assert(problemsOf({ ...whole, [name]: '0' }).includes(`${name} must not be set`));
      assert.doesNotThrow(() => readConfig({ ...whole, [name]: '' }));
    });
  }
  for (const option of ['--inspect', '--inspect-brk', '--inspect-wait', '--inspect-port=1', '--debug-port=1', '--trace-uncaught', '--report-uncaught-exception', '--inspect=0.0.0.0', '--tls-keylog=/tmp/x', '--cpu-prof', '--heap-prof', '--heapsnapshot-signal=SIGUSR2', '--inspect_brk', '--tls_keylog=/tmp/x', '--require=./x.cjs', '-r', '--use-openssl-ca', '--allow-natives-syntax', '--env-file=x', '--no-max-old-space-size', '--loader=x']) {
    it(`does not start with the option ${option}, however it is given`, () => {
      const name = option.replace(/=.*/, '');
      assert(problemsOf(whole, [option]).includes(name));
      assert(problemsOf({ ...whole, NODE_OPTIONS: `--enable-source-maps ${option}` }).includes(name));
    });
  }
  it('refuses one client id for two identities', () => {
    assert.match(problemsOf({ ...whole, STEWARD_KEEPER_CLIENT_ID: whole['STEWARD_ROBOT_CLIENT_ID'] }), /four different identities/);
  });
  it('refuses one client id for two identities, written once in capitals', () => {
    const mixed = 'abcdefab-0000-4000-8000-000000000000';
    assert.match(problemsOf({ ...whole, STEWARD_ROBOT_CLIENT_ID: mixed, STEWARD_KEEPER_CLIENT_ID: mixed.toUpperCase() }), /four different identities/);
  });
  for (const amount of ['-1', '1e9', 'NaN', 'Infinity', '1,50', '0x10', ' 5', '1.234', '10000000', '$5']) {
    it(`refuses ${JSON.stringify(amount)} as an amount`, () => {
      assert.match(problemsOf({ ...whole, STEWARD_MONTHLY_CEILING_USD: amount }), /STEWARD_MONTHLY_CEILING_USD: must be an amount/);
      assert.match(problemsOf({ ...whole, STEWARD_PERSON_DAILY_CEILING_USD: amount }), /STEWARD_PERSON_DAILY_CEILING_USD/);
      assert.match(problemsOf({ ...whole, STEWARD_TURN_CEILING_USD: amount }), /STEWARD_TURN_CEILING_USD: must be an amount/);
    });
  }
  it('reads amounts as whole micro-dollars', () => {
    for (const [text, micro] of [['0', 0], ['0.07', 70_000], ['1.1', 1_100_000], ['999999.99', 999_999_990_000]] as const) assert.equal(readConfig({ ...whole, STEWARD_MONTHLY_CEILING_USD: text }).monthMicroUsd, micro);
  });
  it('caps a turn at half a dollar where nothing else is said', () => {
    assert.equal(readConfig(whole).turnMicroUsd, 500_000);
    assert.equal(readConfig({ ...whole, STEWARD_TURN_CEILING_USD: '0.20' }).turnMicroUsd, 200_000);
  });
  it('takes an embedding deployment with its model, and neither alone', () => {
    assert.equal(readConfig(whole).embedding, undefined);
    const both = { STEWARD_EMBEDDING_DEPLOYMENT: 'vectors', STEWARD_EMBEDDING_MODEL: 'text-embedding-3-small' };
    assert.deepEqual(readConfig({ ...whole, ...both }).embedding, { deployment: 'vectors', name: 'text-embedding-3-small' });
    for (const [name, value] of Object.entries(both)) assert.match(problemsOf({ ...whole, [name]: value }), /set together or not at all/);
  });
  for (const hosts of ['https://evil.example', '*', '*.contoso.com', 'localhost', 'a.b/c', 'a.b:443', 'user@a.b']) {
    it(`refuses ${hosts} as a host to link to`, () => {
      assert.match(problemsOf({ ...whole, STEWARD_LINK_HOSTS: hosts }), /STEWARD_LINK_HOSTS/);
    });
  }
  for (const option of ['"--inspect"', "'--inspect'", '--"inspect"', '"--in\\spect"', '"--inspect=9229"']) {
    it(`sees through the quotation marks of ${option}`, () => {
      assert.match(problemsOf({ ...whole, NODE_OPTIONS: option }), /the option --inspect must not be used/);
    });
  }
  it('starts with the options that it is started with', () => {
    const options = ['--import', 'tsx', '--import=tsx', '--max-old-space-size=512', '--max_old_space_size=512', '--enable-source-maps', '--disable-sigusr1', '--no-warnings', '--unhandled-rejections=strict'];
    assert.doesNotThrow(() => readConfig({ ...whole, NODE_OPTIONS: ` ${options.join('  ')} "--no-warnings" ` }, options));
  });
  it('refuses one group for two roles, in whatever case', () => {
    const mixed = 'abcdefab-0000-4000-8000-000000000000';
    for (const [one, two] of [['HELPDESK', 'APPROVER'], ['HELPDESK', 'ADMIN'], ['APPROVER', 'ADMIN']] as const) {
      assert.match(problemsOf({ ...whole, [`STEWARD_${one}_GROUP_ID`]: mixed, [`STEWARD_${two}_GROUP_ID`]: mixed.toUpperCase() }), /must be different groups/);
    }
    for (const one of ['VIP', 'BREAK_GLASS']) {
      for (const two of ['HELPDESK', 'APPROVER', 'ADMIN']) assert.match(problemsOf({ ...whole, [`STEWARD_${one}_GROUP_ID`]: mixed, [`STEWARD_${two}_GROUP_ID`]: mixed.toUpperCase() }), /must not be groups that give a role/);
    }
    const backup = { ...whole, STEWARD_BACKUP_APPROVER_GROUP_ID: mixed };
    for (const one of ['HELPDESK', 'APPROVER', 'ADMIN']) assert.match(problemsOf({ ...backup, [`STEWARD_${one}_GROUP_ID`]: mixed.toUpperCase() }), /must be different groups/);
    for (const one of ['VIP', 'BREAK_GLASS']) assert.match(problemsOf({ ...backup, [`STEWARD_${one}_GROUP_ID`]: mixed.toUpperCase() }), /must not be groups that give a role/);
    assert.doesNotThrow(() => readConfig({ ...whole, STEWARD_VIP_GROUP_ID: whole['STEWARD_BREAK_GLASS_GROUP_ID'] }));
  });
  it('reads a group of data protection where there is one, which gives no other role', () => {
    assert.equal(readConfig({ ...whole, STEWARD_DATA_PROTECTION_GROUP_ID: id(1) }).roleGroups.dataProtection, id(1));
    assert.equal('dataProtection' in readConfig(whole).roleGroups, false);
    for (const one of ['HELPDESK', 'APPROVER', 'ADMIN']) assert.match(problemsOf({ ...whole, STEWARD_DATA_PROTECTION_GROUP_ID: whole[`STEWARD_${one}_GROUP_ID`] }), /must be different groups/);
  });
  it('reads a group of backup approvers where there is one, and has none where there is none', () => {
    assert.equal(readConfig({ ...whole, STEWARD_BACKUP_APPROVER_GROUP_ID: id(1) }).roleGroups.backupApprover, id(1));
    assert.equal('backupApprover' in readConfig(whole).roleGroups, false);
    assert.match(problemsOf({ ...whole, STEWARD_BACKUP_APPROVER_GROUP_ID: 'the-backups' }), /STEWARD_BACKUP_APPROVER_GROUP_ID/);
  });
  it('reads an overlay as it is written, has none where there is none, and refuses one of more than 20,000 characters', () => {
    const overlay = '@id("no") @reason("No.")\nforbid (principal, action, resource);';
    assert.equal(readConfig({ ...whole, STEWARD_POLICY_OVERLAY: overlay }).policyOverlay, overlay);
    assert.equal(readConfig(whole).policyOverlay, '');
    assert.doesNotThrow(() => readConfig({ ...whole, STEWARD_POLICY_OVERLAY: ' '.repeat(20_000) }));
    assert.match(problemsOf({ ...whole, STEWARD_POLICY_OVERLAY: ' '.repeat(20_001) }), /STEWARD_POLICY_OVERLAY/);
  });
  it('takes the first port and the last', () => {
    for (const port of [1, 65_535]) assert.equal(readConfig({ ...whole, PORT: String(port) }).port, port);
  });
  for (const port of ['0', 'http', '-1', '80.5', '65536', '99999']) {
    it(`refuses ${port} as a port`, () => {
      assert.match(problemsOf({ ...whole, PORT: port }), /PORT/);
    });
  }
  it('knows one cloud', () => {
    assert.match(problemsOf({ ...whole, STEWARD_CLOUD: 'china' }), /STEWARD_CLOUD/);
  });

  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => /^([A-Za-z_]+)=/.exec(line)?.[1] ?? []);
  it('knows every name of .env.example', () => {
    const problems = problemsOf({ ...Object.fromEntries(example.map((name) => [name, 'x'])) });
    assert.doesNotMatch(problems, /is not a setting of Steward/);
  });
  it('has every name that must be set in .env.example', () => {
    const problems = problemsOf({});
    const needed = [...problems.matchAll(/^\s*([A-Z_]+):/gm)].map(([, name]) => name!);
    assert.deepEqual(needed.filter((name) => !example.includes(name)), []);
  });
  it('has no value but defaults in .env.example', () => {
    const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    assert.deepEqual([...text.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([line]) => line), ['STEWARD_CLOUD=public', 'STEWARD_KEEP_CONVERSATIONS_DAYS=30', 'STEWARD_KEEP_APPROVALS_DAYS=180', 'STEWARD_KEEP_LEDGER_DAYS=400', 'PORT=3978']);
  });
  it('keeps requests for a quarter and the ledger for a year at least, and takes no number of days that is none', () => {
    assert.match(problemsOf({ STEWARD_KEEP_APPROVALS_DAYS: '89', STEWARD_KEEP_CONVERSATIONS_DAYS: '0', STEWARD_KEEP_LEDGER_DAYS: '364' }), /KEEP_CONVERSATIONS_DAYS: must be 1 or more[^]*KEEP_APPROVALS_DAYS: must be 90 or more[^]*KEEP_LEDGER_DAYS: must be 365 or more/);
    assert.match(problemsOf({ STEWARD_KEEP_CONVERSATIONS_DAYS: '-3' }), /KEEP_CONVERSATIONS_DAYS: must be a number of days/);
  });
});
