import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startCloud, type Cloud } from '../../../sandbox/cloud.ts';
import { run } from '../../../src/cli/main.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { TableLatchStore } from '../../../src/clients/latch-store.ts';
import { openOperator, OperatorError, operatorName, operatorProblems, type Operator, type OperatorOptions } from '../../../src/clients/operator.ts';
import { ensureTables, openTables, type Properties, type Row, type Tables } from '../../../src/clients/tables.ts';
import { SealedLatch } from '../../../src/guard/latch-seal.ts';
import { latchLevels, type Latch } from '../../../src/guard/ports.ts';
import { stopsOf } from '../../../src/guard/stops.ts';

const PERSON = '0e6c4b1e-97a5-4f0c-9d0a-3f7a4c2b1d55';
const key = { digest: (value: string): string => createHmac('sha256', 'a key that only Steward has').update(value).digest('hex') };

/** Everything of a row that a kill must leave alone. */
const others = (row: Row | undefined, ...changed: readonly string[]) => [...(row?.properties ?? [])].filter(([name]) => !['nonce', ...changed].includes(name)).sort(([one], [other]) => (one < other ? -1 : 1));
const ALL = ['level', 'changedAt', 'changedBy', 'changedByName', 'reason'];

describe('the latch from the command line', function () {
  this.timeout(30_000);
  let cloud: Cloud;
  let tables: Tables;
  /** As Steward itself reads it. */
  let latch: SealedLatch;
  const environment = { STEWARD_STORAGE_ACCOUNT: 'stewardsandbox', STEWARD_TENANT_ID: '' };

  before(async () => {
    cloud = await startCloud({ seed: 9, company: () => ({ people: [], reset: () => undefined }) });
    environment.STEWARD_TENANT_ID = cloud.tenantId;
    tables = openTables({ endpoint: cloud.endpoints.tables, credential: cloud.credentialFor(cloud.identities.keeper), httpClient: httpClient() });
    latch = new SealedLatch(new TableLatchStore(tables.latch), key, systemClock);
  });
  after(() => cloud.stop());

  const httpClient = () => createEgress({ allow: [cloud.endpoints.tables], agent: cloud.agent }).httpClient;
  const connection = (identity: keyof Cloud['identities'] = 'keeper') => ({ endpoint: cloud.endpoints.tables, httpClient: httpClient(), credential: cloud.credentialFor(cloud.identities[identity]) });
  const operator = (changes: Partial<OperatorOptions> = {}): Promise<Operator> => openOperator({ cloud: 'public', account: 'stewardsandbox', tenantId: cloud.tenantId, clock: systemClock, ...connection(), ...changes });
  const typed = async (words: readonly string[], given: Partial<OperatorOptions> = {}) => {
    let [out, err] = ['', ''];
    const status = await run(words, { root: '', print: (text) => void (out += text), complain: (text) => void (err += text), latch: { environment, clock: systemClock, connection: { ...connection(), ...given } } });
    return { status, out, err };
  };
  const row = () => tables.latch.read('latch', 'latch');
  /** What hands stopped, beside the latch. */
  const byHand = async () => (await tables.latch.read('latch', 'stopped'))?.properties.get('stopped');
  const hand = async (properties: Properties): Promise<void> => {
    await tables.latch.upsert('latch', 'stopped', properties);
  };
  const put = async (properties: Properties): Promise<void> => {
    await tables.latch.upsert('latch', 'latch', properties);
  };
  const sealed = async (changes: Partial<Latch> = {}): Promise<void> => {
    await latch.write({ level: 'full', epoch: 7, changedAt: new Date('2026-11-01T08:00:00Z'), changedBy: 'd1', changedByName: 'Ada', reason: 'went live', ...changes }, 'any');
  };
  const read = async () => (await latch.read(AbortSignal.timeout(5_000)))?.value;
  const asked = async <T>(what: () => Promise<T>): Promise<readonly string[]> => {
    cloud.journal.clear();
    await what();
    return cloud.journal.entries({ service: 'storage' }).map(({ method, path }) => `${method} ${path.split('/').at(-1)?.split('(')[0]}`);
  };

  describe('before there are tables', () => {
    it('says that this may be the wrong account', async () => {
      const { err, status } = await typed(['kill', 'all']);
      assert.equal(status, 1);
      assert.match(err, /^steward: there is no latch in stewardsandbox\. Is that the right account\?/);
    });
  });

  describe('when there is one', () => {
    before(() => ensureTables(tables));
    beforeEach(() => tables.latch.remove('latch', 'stopped'));

    for (const level of latchLevels) {
      it(`kills everything at ${level}: one write, nothing read, and the rest of the row as it was`, async () => {
        await sealed({ level });
        const before = await row();
        const said: { out?: string } = {};
        const requests = await asked(async () => {
          const { err, out, status } = await typed(['kill', 'all', '--reason', 'it went mad']);
          assert.deepEqual([status, err], [0, '']);
          said.out = out;
        });
        assert.deepEqual(requests, ['PATCH latch']);
        assert.match(said.out ?? '', /^Everything is stopped: the latch is off\. .*two admins/);
        const after = await row();
        assert.deepEqual(ALL.slice(0, 1).concat('changedBy', 'reason').map((name) => after?.properties.get(name)), ['off', 'cli', 'it went mad']);
        assert.deepEqual(others(after, ...ALL), others(before, ...ALL));
        const now = await read();
        assert.equal(now?.level, 'off');
        // Approvals and tokens carry the epoch of before.
        assert.ok((now?.epoch ?? 0) > 7, 'what was approved before could live again');
      });
    }

    it('kills when the row is missing, and says that Steward was stopped already', async () => {
      await tables.latch.remove('latch', 'latch');
      const { out, status } = await typed(['kill', 'all']);
      assert.equal(status, 0);
      assert.match(out, /^The latch was missing, so Steward counted as stopped already/);
      assert.deepEqual([(await read())?.level, (await read())?.changedBy], ['off', 'cli']);
    });

    it('stops less only together with everything when the row is missing', async () => {
      await tables.latch.remove('latch', 'latch');
      assert.equal((await typed(['kill', 'model'])).status, 0);
      assert.equal((await read())?.level, 'off');
    });

    for (const [what, properties] of Object.entries<Properties>({
      'a level that is a number': { level: 5, epoch: 3n },
      'no column at all': {},
      'an epoch that is text': { level: 'full', epoch: 'many' },
      'a level that nobody knows': { level: 'turbo' },
    })) {
      it(`kills a row with ${what}`, async () => {
        await put(properties);
        assert.equal((await typed(['kill', 'all'])).status, 0);
        assert.equal((await row())?.properties.get('level'), 'off');
        // Unreadable is as good as off: nothing acts.
        assert.equal((await read().catch(() => undefined))?.level ?? 'off', 'off');
      });
    }

    for (const [words, entry, scope] of [[['model'], 'model', 'model'], [['action', 'block_sign_in'], 'action block_sign_in', 'action'], [['person', PERSON.toUpperCase()], `person ${PERSON}`, 'person']] as const) {
      for (const before of [undefined, 'action wipe_device'] as const) {
        it(`stops one thing, ${scope}, beside ${before ?? 'nothing else'}, and leaves the sealed row as it was, its time included`, async () => {
          await sealed();
          if (before !== undefined) await hand({ stopped: before });
          const latchBefore = await row();
          const { out, status } = await typed(['kill', ...words]);
          assert.deepEqual([status, /is stopped\. .*two admins/.test(out)], [0, true]);
          const entries = before === undefined ? entry : `${before}; ${entry}`;
          assert.equal(await byHand(), entries);
          // Storage makes the tag of its own Timestamp, in tenths of a microsecond.
          const { storageNow: _, ...latchAfter } = (await row()) ?? assert.fail('the row is gone');
          assert.deepEqual({ ...latchAfter, storageNow: latchBefore?.storageNow }, latchBefore);
          const now = (await read()) ?? assert.fail();
          assert.deepEqual([now.seal, now.level], ['holds', 'full']);
          const stops = stopsOf(now);
          assert.ok(stops !== 'all' && stops.some((stop) => stop.scope === scope), 'Steward does not understand what was written');
          // Again is no more than once.
          assert.match((await typed(['kill', ...words])).out, /was stopped already/);
          assert.equal(await byHand(), entries);
        });
      }
    }

    for (const [what, properties, entries] of [
      ['text', { stopped: 'everything please' }, 'everything please; model'],
      ['no text', { stopped: 5 }, '(not text); model'],
    ] as const) {
      it(`keeps what a hand wrote and nobody understands, which stops everything: ${what}`, async () => {
        await sealed();
        await hand(properties);
        await typed(['kill', 'model']);
        assert.equal(await byHand(), entries);
        assert.equal(stopsOf((await read()) ?? assert.fail()), 'all');
      });
    }

    it('fills a row that a hand left empty', async () => {
      await sealed();
      await hand({});
      assert.equal((await typed(['kill', 'model'])).status, 0);
      assert.equal(await byHand(), 'model');
    });

    for (const before of [undefined, 'model'] as const) {
      it(`loses no entry when several people stop something at once, beside ${before ?? 'nothing else'}`, async () => {
        await sealed();
        if (before !== undefined) await hand({ stopped: before });
        const people = Array.from({ length: 6 }, (_, index) => PERSON.replace(/^./, String(index)));
        const statuses = await Promise.all(people.map((person) => typed(['kill', 'person', person]).then(({ status }) => status)));
        const entries = String(await byHand()).split('; ');
        // Somebody may be told to look again; whoever was told that it is done must find it there.
        assert.deepEqual(people.filter((person, index) => statuses[index] === 0 && !entries.includes(`person ${person}`)), []);
        assert.ok(statuses.filter((status) => status === 0).length >= 1);
        assert.ok(before === undefined || entries.includes(before));
      });

      it(`is not overwritten by an instance that read before, when there was ${before ?? 'nothing'}`, async () => {
        await sealed();
        if (before !== undefined) await hand({ stopped: before });
        const old = (await latch.read(AbortSignal.timeout(5_000))) ?? assert.fail();
        await typed(['kill', 'person', PERSON]);
        await latch.write({ ...old.value, epoch: old.value.epoch + 1 }, old.etag);
        assert.equal(await byHand(), [...(before === undefined ? [] : [before]), `person ${PERSON}`].join('; '));
      });
    }

    it('says that it is done when the latch came back while it wrote', async () => {
      await tables.latch.remove('latch', 'latch');
      const real = httpClient();
      let writes = 0;
      const deploying = { sendRequest: async (request: Parameters<typeof real.sendRequest>[0]) => {
        // Its second write is the latch itself.
        if (request.method !== 'GET' && (writes += 1) === 2) await sealed();
        return real.sendRequest(request);
      } };
      const { out, status } = await typed(['kill', 'model'], { httpClient: deploying });
      assert.deepEqual([status, /^The model is stopped\./.test(out)], [0, true], out);
      assert.deepEqual([await byHand(), (await read())?.seal], ['model', 'holds']);
    });

    it('gives up with a sentence when others change the row again and again', async () => {
      await sealed();
      await hand({ stopped: 'action wipe_device' });
      const real = httpClient();
      const meddled = { sendRequest: async (request: Parameters<typeof real.sendRequest>[0]) => {
        if (request.method !== 'GET') await tables.latch.merge('latch', 'stopped', { note: 'meddled' }, '*');
        return real.sendRequest(request);
      } };
      const { err, status } = await typed(['kill', 'model'], { httpClient: meddled });
      assert.equal(status, 1);
      assert.match(err, /others changed the latch again and again/);
      assert.equal(await byHand(), 'action wipe_device');
    });

    it('raises nothing and takes nothing back, whatever is typed at whatever row', async function () {
      this.timeout(180_000);
      const commands = [['kill', 'all'], ['kill', 'model'], ['kill', 'action', 'wipe_device'], ['kill', 'person', PERSON], ['status'], ['revive'], ['revive', 'because', 'I', 'want', 'to'], ['kill', 'all', 'to', 'read-only'], ['kill', 'all', '--reason', "'; level=full"], ['kill', 'nothing']];
      for (const level of [...latchLevels, 'turbo', '']) {
        for (const stopped of ['', 'model', 'action x', 'nonsense; model']) {
          for (const words of commands) {
            await put({ level, epoch: 4n, stops: '[]', kill: 'k', seal: 's' });
            await hand({ stopped });
            await typed(words);
            const { properties } = (await row()) ?? assert.fail('the row is gone');
            assert.ok([level, 'off'].includes(String(properties.get('level'))), `${words.join(' ')} at ${level}: ${String(properties.get('level'))}`);
            const left = String(await byHand());
            assert.ok(left.startsWith(stopped), `${words.join(' ')}: ${left}`);
            assert.deepEqual([properties.get('epoch'), properties.get('stops'), properties.get('kill'), properties.get('seal')], [4n, '[]', 'k', 's']);
          }
        }
      }
    });

    it('tells how Steward stands, and writes nothing', async () => {
      const at = new Date('2026-11-20T06:30:00Z');
      const stop = { key: 'wipe_device', label: '', epoch: 3, at, by: 'd2', byName: 'Bo \u001b[31mred\n', reason: 'broken', lifted: false };
      await hand({ stopped: `person ${PERSON}; model` });
      await sealed({ stops: [{ scope: 'action', ...stop }, { scope: 'person', ...stop, key: 'digest', label: 'Cy', lifted: true }] });
      const month = new Date().toISOString().slice(0, 7);
      await tables.spend.upsert(month, 'month', { microUsd: 12_340_000n });
      for (const [reference, state] of [['a1', 'pending'], ['a2', 'unknown'], ['a3', 'pending']] as const) {
        await tables.approvals.upsert('open', reference, { reference });
        await tables.approvals.upsert('approval', reference, { state });
      }
      await tables.approvals.upsert('open', 'a4', { reference: 'a4' });
      let out = '';
      const requests = await asked(async () => ({ out } = await typed(['status'])));
      assert.deepEqual(requests.filter((request) => !request.startsWith('GET ')), []);
      assert.deepEqual(out.split('\n'), [
        'Latch     full',
        'Since     2026-11-01 08:00 UTC',
        'By        Ada',
        'Reason    went live',
        'Seal      there; only Steward can check it',
        'Stopped   action wipe_device, since 2026-11-20 06:30 UTC, by Bo [31mred, because broken',
        `Stopped   person ${PERSON}, by hand`,
        'Stopped   the model, by hand',
        `Spend     12.34 USD in ${month}`,
        'Requests  2 waiting for a person',
        '',
      ]);
      const json = JSON.parse((await typed(['status', '--json'])).out);
      assert.deepEqual([json.account, json.latch.level, json.latch.sealed, json.latch.stops.length, json.spentMicroUsd, json.pending], ['stewardsandbox', 'full', true, 3, 12_340_000, 2]);
    });

    for (const [what, properties, line, stopped] of [
      ['has no seal', { level: 'full', epoch: 1n }, /^Latch {5}full, without a seal, which counts as off/m],
      ['is off without one', { level: 'off' }, /^Seal {6}none, and none is needed$/m],
      ['holds no level', { level: 'turbo', epoch: 1n }, /^Latch {5}turbo, which is no level: nothing is done$/m],
      ['holds stops that nobody understands', { level: 'off', stops: '[{]' }, /^Stopped {3}everything: nobody understands the column stops\nStopped {3}everything: nobody understands the column stopped$/m, 'model x y'],
    ] as const) {
      it(`says so when the row ${what}`, async () => {
        await put(properties);
        if (stopped !== undefined) await hand({ stopped });
        const { out, status } = await typed(['status']);
        assert.equal(status, 0);
        assert.match(out, line);
      });
    }

    for (const stopped of ['model', 'MODEL', 'model gpt', 'action wipe_device', 'Action  wipe_device', 'action wipe', 'action Wipe_Device', 'action x', 'action', `person ${PERSON}`, 'person', 'person a b', 'conversation here', 'all', 'model, action wipe_device', 'model\naction wipe_device', '; ;', 'model; nonsense']) {
      it(`understands by hand what the guard understands: ${JSON.stringify(stopped)}`, async () => {
        await sealed();
        await hand({ stopped });
        const stops = stopsOf((await read()) ?? assert.fail());
        const { latch: told } = JSON.parse((await typed(['status', '--json'])).out);
        assert.deepEqual(told.unclear, stops === 'all' ? ['stopped'] : []);
        if (stops !== 'all') assert.deepEqual(told.stops.map(({ scope }: { scope: string }) => scope), stops.map(({ scope }) => scope));
      });
    }

    it('says so when the row is missing, or a part can’t be read', async () => {
      await tables.latch.remove('latch', 'latch');
      cloud.faults.post({ service: 'storage', kind: 'status', status: 500, path: 'spend' });
      const { out, status } = await typed(['status']).finally(() => cloud.faults.clear());
      assert.equal(status, 1);
      assert.match(out, /^Latch {5}missing, which counts as off: nothing is done\nSpend {5}can’t be read\nRequests {2}\d+ waiting for a person\n$/);
    });

    const refusals: Readonly<Record<string, readonly [identity: keyof Cloud['identities'], fault: unknown, sentence: RegExp]>> = {
      'without the role': ['robot', undefined, /storage refused\. You need the role “Storage Table Data (Contributor|Reader)” on stewardsandbox/],
      'with a token of another tenant': ['keeper', { service: 'storage', kind: 'status', status: 401 }, /storage does not know your login\. Is stewardsandbox in that tenant\?/],
      'with storage down': ['keeper', { service: 'storage', kind: 'status', status: 503 }, /storage did not answer/],
      'with the connection cut': ['keeper', { service: 'storage', kind: 'reset' }, /storage did not answer/],
    };
    for (const [how, [identity, fault, sentence]] of Object.entries(refusals)) {
      for (const words of [['kill', 'all'], ['kill', 'model', '--json'], ['status']]) {
        it(`ends \`${words.join(' ')}\` ${how} with 1, one plain sentence, and nothing changed`, async () => {
          await sealed();
          const before = await row();
          if (fault !== undefined) cloud.faults.post(fault);
          const { err, out, status } = await typed(words, { credential: cloud.credentialFor(cloud.identities[identity]) }).finally(() => cloud.faults.clear());
          assert.equal(status, 1);
          const [first = '', second = '', ...rest] = err.split('\n');
          assert.match(first, sentence);
          if (words[0] === 'kill') assert.match(second, /^By hand: .* set level to off, or delete the row\. docs\/stopping\.md$/);
          assert.deepEqual(rest.filter((line) => line !== ''), []);
          if (words.includes('--json')) assert.deepEqual([JSON.parse(out).done, first], [false, `steward: ${JSON.parse(out).sentence}`]);
          else assert.equal(out, '');
          assert.doesNotMatch(out + err, /eyJ|Error|at .+:\d+/);
          assert.equal((await row())?.etag, before?.etag, 'the row was written');
          assert.equal(await byHand(), undefined);
        });
      }
    }
  });

  it('writes the one level and no other, adds and never takes away, by its source', () => {
    const source = readFileSync(new URL('../../../src/clients/operator.ts', import.meta.url), 'utf8');
    assert.deepEqual([...source.matchAll(/level: '([^']*)'/g)].map(([, level]) => level), ['off']);
    for (const level of latchLevels.filter((each) => each !== 'off')) assert.ok(!source.includes(`'${level}'`), level);
    // The ways of writing that this file uses: the latch gets `stopper`, the row beside it what was there in front and one entry more.
    const writes = [...source.matchAll(/\.(?:insert|merge|replace|upsert|remove|transact)\((?!\/)([^\n]*)/g)].map(([, rest = '']) => rest);
    assert.equal(writes.filter((rest) => rest.startsWith('PARTITION, KEY, stopper')).length, 3);
    assert.equal(writes.filter((rest) => /^PARTITION, BY_HAND, \{ stopped: (?:entry \}|stopped\.trim\(\) === '' \? entry : `\$\{stopped\}; \$\{entry\}` \}, hands\.etag)\)/.test(rest)).length, 2);
    assert.equal(writes.length, 5);
    const methods: readonly (keyof Operator)[] = ['name', 'killAll', 'kill', 'status', 'close'];
    const whole: Record<keyof Operator, true> = { name: true, killAll: true, kill: true, status: true, close: true };
    assert.deepEqual(Object.keys(whole), methods);
  });

  it('takes a name from the token, as text that nothing depends on', () => {
    const token = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
    assert.equal(operatorName(token({ upn: 'ada@example.org', unique_name: 'no' })), 'ada@example.org');
    assert.equal(operatorName(token({ unique_name: `live.com#\u202e${'a'.repeat(200)}` })).length, 80);
    for (const bad of ['', 'x', 'a.b.c', token([]), token({ upn: 7 }), token({})]) assert.equal(operatorName(bad), '', bad);
  });

  for (const [problem, message] of [
    ['az missing', 'Azure CLI could not be found. Please visit https://aka.ms/azure-cli for installation instructions'],
    ['not signed in', "Please run 'az login' from a command prompt to authenticate before using this credential."],
    ['no token', 'ERROR: AADSTS90002: Tenant was not found. secret eyJ0'],
  ] as const) {
    it(`knows “${problem}” from what the Azure CLI’s credential says`, async () => {
      const error = await operator({ credential: { getToken: async () => Promise.reject(new Error(message)) } }).then(() => assert.fail('it signed in'), (reason: unknown) => reason);
      assert.ok(error instanceof OperatorError);
      assert.deepEqual([error.problem, error.message], [problem, problem]);
    });
  }

  it('has a sentence of its own for each problem, without anything of the inside', async () => {
    const sentences = new Set<string>();
    // The class that the command loads when it is needed, which mocha keeps apart from the one above.
    const { OperatorError: Loaded } = await import('../../../src/clients/operator.ts');
    for (const problem of operatorProblems) {
      const { err, status } = await typed(['kill', 'all'], { credential: { getToken: async () => Promise.reject(new Loaded(problem)) } });
      assert.equal(status, 1);
      assert.doesNotMatch(err, /undefined|eyJ|\{|Error/);
      sentences.add(err);
    }
    assert.equal(sentences.size, operatorProblems.length);
  });

  for (const words of [['kill'], ['kill', 'everything'], ['kill', 'all', 'now'], ['kill', 'model', 'gpt'], ['kill', 'action'], ['kill', 'action', 'blok_sign_in'], ['kill', 'person'], ['kill', 'person', 'ada@example.org'], ['kill', 'all', '--force'], ['kill', 'all', '--reason'], ['kill', 'all', '--account', 'evil.example/x'], ['kill', 'all', '--tenant', 'common'], ['status', 'now'], ['kill', 'all', '--reason', 'a', '--reason', 'b']]) {
    it(`ends with 2, asks nobody and says how it wants to be called: ${words.join(' ')}`, async () => {
      const said: { err?: string; status?: number } = {};
      const requests = await asked(async () => Object.assign(said, await typed(words)));
      assert.equal(said.status, 2);
      assert.match(said.err ?? '', /^steward: .*\n\nsteward kill all/);
      assert.deepEqual(requests, []);
    });
  }

  it('says that nobody revives from here', async () => {
    for (const words of [['revive'], ['revive', 'because', 'I', 'can']]) {
      const { err, out, status } = await typed(words);
      assert.deepEqual([status, out], [2, '']);
      assert.match(err, /two admins do it in Teams/);
    }
  });

  it('asks which deployment when nobody says', async () => {
    let err = '';
    const status = await run(['kill', 'all'], { root: '', print: () => undefined, complain: (text) => void (err += text), latch: { environment: {}, clock: systemClock } });
    assert.deepEqual([status, /STEWARD_STORAGE_ACCOUNT/.test(err)], [2, true]);
  });
});
