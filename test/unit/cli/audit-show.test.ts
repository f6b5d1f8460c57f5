import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCloud, type Cloud } from '../../../sandbox/cloud.ts';
import { openedPartText } from '../../../src/audit/events.ts';
import type { LedgerEvent, LedgerRecord } from '../../../src/audit/record.ts';
import { open, seal, type PersonalFacts, type PersonKey } from '../../../src/audit/sealed.ts';
import { auditCommand } from '../../../src/cli/audit.ts';
import { exportCommand } from '../../../src/cli/audit-export.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { openContainer } from '../../../src/clients/blobs.ts';
import { StewardError } from '../../../src/errors.ts';
import { deployment, handClock, keys } from '../audit/anchored.ts';

const digest = (what: string): string => createHash('sha256').update(what).digest('hex');
const keyOf = (person: string): PersonKey => ({ person, id: `key-${person.slice(0, 4)}`, secret: randomBytes(32) });
const [hanna, nadia, olga] = [keyOf(digest('hanna')), keyOf(digest('nadia')), keyOf(digest('olga'))];
const everybody = [hanna, nadia, olga];
const STEP = digest('step');
const APPROVAL = 'c0ffee0123456789';
const root = fileURLToPath(new URL('../../../', import.meta.url));
const sealOf = (key: PersonKey, as: 'requester' | 'approver' | 'target', facts: PersonalFacts) => [seal(key, as, facts)];

describe('`steward audit show`, `why` and `export`', function () {
  this.timeout(30_000);
  let directory = '';
  let [out, err] = ['', ''];
  let records: LedgerRecord[];
  const file = (name: string): string => join(directory, name);
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
  };
  const output = { print: (text: string) => void (out += text), complain: (text: string) => void (err += text) };
  const steward = async (...words: readonly string[]): Promise<number> => {
    [out, err] = ['', ''];
    return auditCommand(words, output, { root, environment: {} });
  };
  const idOf = (kind: LedgerEvent['kind']): string => records.find(({ event }) => event.kind === kind)?.id ?? '';

  /** Asked on one instance, carried out by another: two chains, with people whose keys are these. */
  async function write(changes: { readonly name?: string; readonly reason?: string; readonly ending?: 'done' | 'declined' | 'refused' | 'open'; readonly keys?: readonly PersonKey[] } = {}): Promise<void> {
    const { ending = 'done', name = 'Nadia Petrov', reason = 'her phone was stolen' } = changes;
    const clock = handClock(Date.UTC(2026, 10, 23, 9, 13, 40));
    const { anchors, instance } = deployment(clock);
    const [one, two] = [instance('2026/11/23/one'), instance('2026/11/23/two')];
    records = [];
    const tell = async (where: typeof one, event: LedgerEvent): Promise<void> => void records.push(await where.ledger.record(event, { pressing: true }));
    for (const each of [one, two]) await tell(each, { kind: 'start', steward: '0.1.0', robot: digest('robot'), deployment: 'chat', catalogue: digest('catalogue'), policy: digest('policy'), contract: digest('contract'), configuration: digest('configuration') });
    await tell(one, { kind: 'message', turn: 't1', person: hanna.person, conversation: digest('c'), tainted: false });
    await tell(one, { kind: 'model', turn: 't1', purpose: 'turn', model: 'gpt-5', promptTokens: 1234, completionTokens: 56, costMicroUsd: 7890, requestId: 'r', durationMs: 5 });
    const step = { action: 'block_sign_in', version: '1.0.0', digest: STEP, provenance: { reason: 'your words' } };
    await tell(one, { kind: 'plan', turn: 't1', plan: digest('plan'), steps: [step], sealed: [...sealOf(hanna, 'requester', { name: 'Hanna Virtanen' }), ...sealOf(nadia, 'target', { name, context: ['IT', 'nadia@contoso.example'], step: STEP, arguments: { reason } })] });
    await tell(one, { kind: 'decision', turn: 't1', step: STEP, action: 'block_sign_in', decision: ending === 'refused' ? 'refuse' : 'confirm', policies: [ending === 'refused' ? 'forbid-killed' : 'destructive-confirm'] });
    if (ending === 'refused') await tell(one, { kind: 'refusal', turn: 't1', person: hanna.person, code: 'KILLED', details: [] });
    else {
      clock.advance(2_000);
      await tell(one, { kind: 'approval', approval: APPROVAL, state: 'pending', by: 'second person', person: hanna.person, binding: digest('b'), turn: 't1', steps: [STEP] });
      clock.advance(19_000);
      const declined = ending === 'declined';
      await tell(two, { kind: 'approval', approval: APPROVAL, state: declined ? 'denied' : 'approved', by: 'second person', person: olga.person, binding: digest('b'), sealed: sealOf(olga, 'approver', { name: 'Olga Berg', ...(declined && { reason: 'ask her manager first' }) }) });
      if (!declined) {
        clock.advance(1_000);
        await tell(two, { kind: 'intent', execution: 'e1', turn: APPROVAL, action: 'block_sign_in', version: '1.0.0', step: STEP, target: nadia.person, requester: hanna.person, approver: olga.person, policies: ['destructive-confirm'], killEpoch: 1 });
        if (ending !== 'open') await tell(two, { kind: 'outcome', execution: 'e1', outcome: 'done', requestIds: ['11111111-2222-4333-8444-555555555555'], durationMs: 321 });
      }
    }
    await one.anchoring.checkpoint();
    await two.anchoring.checkpoint();
    rmSync(file('copy'), { recursive: true, force: true });
    for (const { chain, store } of [one, two]) put(`copy/ledger/${chain}.jsonl`, store.text);
    for (const [path, text] of anchors.blobs) put(`copy/anchors/${path}`, text);
    put('copy/anchors/keys/v1.json', JSON.stringify(keys));
    const lines = records.flatMap(({ event, id }) => ('sealed' in event ? (event.sealed ?? []) : []).flatMap((part, index) => {
      const secret = (changes.keys ?? everybody).find(({ person }) => person === part.person)?.secret;
      const facts = secret && open(part, secret);
      return facts ? [openedPartText({ record: id, index, as: part.as, person: part.person, facts })] : [];
    }));
    put('copy/people.jsonl', lines.join(''));
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'steward-show-'));
    await write();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('answers on one screen who blocked whom, when, why, and who approved it', async () => {
    assert.equal(await steward('show', file('copy')), 0, err);
    assert.equal(out, `The ledger holds: 10 records, held against no checkpoint of yours.
Names come from people.jsonl, which no checkpoint protects.

2026-11-23 09:14:02 UTC  block_sign_in 1.0.0  Nadia Petrov (IT,
nadia@contoso.example)  done
  asked by    Hanna Virtanen, 09:13:40
  reason      her phone was stolen (their own words)
  approved by Olga Berg, 09:14:01, on the card
  decided by  policy destructive-confirm
  reference   ${idOf('intent')}, request ${APPROVAL}
  request id  11111111-2222-4333-8444-555555555555
`);
  });
  it('shows digests where there are no names, and says so once at the top', async () => {
    rmSync(file('copy/people.jsonl'));
    assert.equal(await steward('show', file('copy')), 0);
    assert.match(out, /^There is no people\.jsonl: people are shown by the first 8/m);
    assert.match(out, new RegExp(`target ${nadia.person.slice(0, 8)}  done`));
    assert.match(out, new RegExp(`asked by    person ${hanna.person.slice(0, 8)},`));
    assert.doesNotMatch(out, /Nadia|Hanna|Olga|stolen/);
  });
  it('shows whoever was erased by digest, and the others by name', async () => {
    await write({ keys: [hanna, olga] });
    assert.equal(await steward('show', file('copy')), 0);
    assert.match(out, /^1 name of 3 can’t be opened \(erased, or without a key\)/m);
    assert.match(out, new RegExp(`target ${nadia.person.slice(0, 8)}`));
    assert.match(out, /Hanna Virtanen/);
    assert.doesNotMatch(out, /Nadia|stolen/);
  });
  it('puts no name on a record that was not sealed for it', async () => {
    put('copy/people.jsonl', openedPartText({ record: idOf('message'), index: 0, as: 'requester', person: nadia.person, facts: { name: 'Mallory' } }));
    assert.equal(await steward('show', file('copy')), 0);
    assert.doesNotMatch(out, /Mallory/);
  });
  for (const [ending, says, reference] of [
    ['declined', /Nadia Petrov[^]*declined\n[^]*declined by Olga Berg, 09:14:01, on the card: ask her\s+manager first/, 'approval'],
    ['refused', /Nadia Petrov[^]*refused: KILLED\n[^]*policy forbid-killed/, 'refusal'],
    ['open', /Nadia Petrov[^]*nobody knows/, 'intent'],
  ] as const) {
    it(`tells what was ${ending} in plain words`, async () => {
      await write({ ending });
      assert.equal(await steward('show', file('copy')), 0);
      assert.match(out, says);
      assert.ok(out.includes(idOf(reference)));
      assert.equal(out.match(/ UTC {2}/g)?.length, 1, out);
      rmSync(file('copy/people.jsonl'));
      assert.equal(await steward('show', file('copy')), 0);
      assert.match(out, new RegExp(`target ${nadia.person.slice(0, 8)} `));
    });
  }
  it('finds by a name, a digest, an action; and says when there is nothing', async () => {
    for (const [words, found] of [[['--person', 'NADIA@'], true], [['--person', olga.person.slice(0, 8)], true], [['--person', 'Zoe'], false], [['--action', 'block_sign_in'], true], [['--action', 'wipe_device'], false]] as const) {
      assert.equal(await steward('show', file('copy'), ...words), 0);
      assert.equal(out.includes('09:14:02 UTC'), found, words.join(' '));
      assert.equal(out.includes('Nothing of that kind'), !found);
    }
  });
  it('lets no name or reason touch the terminal or begin a line', async () => {
    await write({ name: '\u001b[2JEve\r\n2026-01-01 \u202egnp\u009b31m', reason: 'a\nb\u0007' });
    for (const words of [['show', file('copy')], ['why', idOf('intent'), file('copy')], ['show', file('copy'), '--csv'], ['show', file('copy'), '--json']]) {
      assert.equal(await steward(...words), 0, err);
      assert.doesNotMatch(out.replaceAll(/\r?\n/g, ''), /[\p{Cc}\p{Cf}]/u);
      assert.doesNotMatch(out, /^2026-01-01/m);
    }
    assert.equal((JSON.parse(out) as { stories: { reason: string }[] }).stories[0]?.reason, 'a\nb\u0007');
  });
  for (const name of ['=HYPERLINK("http://evil")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1']) {
    it(`makes ${JSON.stringify(name)} text in a table`, async () => {
      await write({ name, reason: 'a "quoted", one' });
      assert.equal(await steward('show', file('copy'), '--csv'), 0);
      const [, first = '', ...rest] = out.split('\r\n');
      assert.deepEqual(rest, ['']);
      assert.match(first, /^2026-11-23T09:14:02\.000Z,block_sign_in,1\.0\.0,done,,"?'/);
      assert.ok(first.includes('"a ""quoted"", one"'), first);
    });
  }
  it('says that a broken chain does not hold, tells only what stands before, and ends with 1', async () => {
    const path = 'copy/ledger/2026/11/23/two.jsonl';
    put(path, readFileSync(file(path), 'utf8').replace('"outcome":"done"', '"outcome":"fine"'));
    assert.equal(await steward('show', file('copy')), 1);
    assert.match(out, /^THE LEDGER DOES NOT HOLD\. First bad: record 4/);
    assert.match(out, /nobody knows/);
    assert.equal(await steward('why', idOf('intent'), file('copy')), 1);
    assert.doesNotMatch(out, /outcome/);
    assert.equal(await steward('show', file('copy'), '--json'), 1);
  });
  it('passes over records of a later kind, and says how many', async () => {
    const { anchors, instance } = deployment();
    const { anchoring, ledger, store } = instance('2026/11/23/new');
    await ledger.record({ kind: 'from the future' } as unknown as LedgerEvent, { pressing: true });
    await ledger.record({ kind: 'outcome', execution: {} } as unknown as LedgerEvent, { pressing: true });
    await anchoring.checkpoint();
    put('copy/ledger/2026/11/23/new.jsonl', store.text);
    for (const [path, text] of anchors.blobs) put(`copy/anchors/${path}`, text);
    assert.equal(await steward('show', file('copy')), 0, out);
    assert.match(out, /^2 records of a kind that this version does not know\.$/m);
  });

  it('tells why: everything of one reference or request, across instances, with the policy’s sentence', async () => {
    for (const id of [idOf('intent').toLowerCase(), idOf('message'), APPROVAL]) {
      assert.equal(await steward('why', id, file('copy')), 0, err);
      const flat = out.replaceAll(/\s+/g, ' ');
      for (const part of ['message from Hanna Virtanen', 'gpt-5: 1,234 tokens in, 56 out, 0.007890 USD', 'plan: block_sign_in 1.0.0 (Nadia Petrov; reason: her phone was stolen)', 'destructive-confirm: Helpdesk blocks and ends sessions after confirming', `request ${APPROVAL} approved by Olga Berg`, 'about to run block_sign_in 1.0.0 for Hanna Virtanen, approved by Olga Berg', 'outcome: done, after 321 ms', `policy ${digest('policy')}`, 'That policy is not the one of this checkout']) assert.ok(flat.includes(part), `${part}\n${out}`);
    }
  });
  it('knows no reference that is not there', async () => {
    assert.equal(await steward('why', 'ZZZZZ-ZZZZZ', file('copy')), 1);
    assert.match(err, /^steward: nothing in this copy is called ZZZZZ-ZZZZZ\./);
    assert.equal(out, '');
  });
  for (const [words, says] of [
    [['show'], /needs the directory/], [['show', 'a', '--fast'], /no option `--fast`/], [['show', 'a', '--last', '0'], /needs a number/], [['show', 'a', '--json', '--csv'], /not both/], [['show', 'a', '--person'], /needs a name/],
    [['why'], /needs a reference/], [['why', 'ABCDE-FGHIJ'], /needs the directory/], [['why', 'a', 'b', '--csv'], /no option/], [['export'], /needs --out/], [['export', '--out', 'x', '--fast'], /no option/], [['export', '--out', 'x'], /which deployment/], [['tell'], /does not know `tell`/], [[], /needs to know what/],
  ] as const) {
    it(`takes \`audit ${words.join(' ')}\` for what it is`, async () => {
      assert.equal(await steward(...words), 2);
      assert.match(err, says);
      assert.equal(out, '');
    });
  }

  describe('export', () => {
    let cloud: Cloud;
    afterEach(() => cloud.stop());
    const connection = () => ({ endpoints: { ledger: cloud.endpoints.blobs, anchors: cloud.endpoints.anchors, tables: cloud.endpoints.tables, vault: cloud.endpoints.vault }, credential: cloud.credentialFor(cloud.identities.keeper), httpClient: createEgress({ allow: [cloud.endpoints.blobs, cloud.endpoints.anchors], agent: cloud.agent }).httpClient });
    const exported = async (words: readonly string[], found?: readonly PersonKey[] | 'refused'): Promise<number> => {
      [out, err] = ['', ''];
      return exportCommand(['--account', 'stewardsandbox', '--tenant', cloud.tenantId, ...words], output, { root, environment: {}, connection: connection() }, found && (async (person, id) => (found === 'refused' ? Promise.reject(new StewardError('LEDGER_UNAVAILABLE', 'no')) : found.find((key) => key.person === person && key.id === id)?.secret)));
    };
    const filesIn = (name: string): readonly string[] => readdirSync(file(name), { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name).slice(file(name).length + 1)).sort();

    /** A cloud for each: what is in these containers can't be taken away again. */
    beforeEach(async () => {
      cloud = await startCloud({ seed: 4, company: () => ({ people: [], reset: () => undefined }) });
      for (const name of ['ledger', 'anchors'] as const) {
        const container = openContainer(name, { endpoint: name === 'ledger' ? cloud.endpoints.blobs : cloud.endpoints.anchors, credential: cloud.credentialFor(cloud.identities.keeper), httpClient: connection().httpClient });
        await container.createIfNotExists();
        for (const path of filesIn(`copy/${name}`)) {
          const bytes = readFileSync(file(`copy/${name}/${path}`));
          if (name === 'ledger') {
            await container.getAppendBlobClient(path).create({ conditions: { ifNoneMatch: '*' } });
            await container.getAppendBlobClient(path).appendBlock(bytes, bytes.length);
          } else await container.getBlockBlobClient(path).upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' } });
        }
      }
    });

    it('copies both containers byte for byte for their owner only, and opens the names', async () => {
      assert.equal(await exported(['--out', file('mine')], everybody), 0, err);
      assert.deepEqual(filesIn('mine'), filesIn('copy'));
      for (const path of filesIn('mine')) {
        assert.ok(readFileSync(file(`mine/${path}`)).equals(readFileSync(file(`copy/${path}`))), path);
        assert.equal(statSync(file(`mine/${path}`)).mode & 0o777, 0o600);
        for (const { secret } of everybody) assert.ok(['hex', 'base64', 'base64url'].every((form) => !readFileSync(file(`mine/${path}`), 'utf8').includes(secret.toString(form as BufferEncoding))));
      }
      assert.equal(statSync(file('mine')).mode & 0o777, 0o700);
      assert.equal(await steward('show', file('mine')), 0);
      assert.match(out, /Nadia Petrov/);
    });
    it('leaves names sealed when asked or without a key, and still verifies', async () => {
      assert.equal(await exported(['--out', file('redacted'), '--redact'], everybody), 0, err);
      assert.deepEqual(filesIn('redacted'), filesIn('copy').filter((path) => path !== 'people.jsonl'));
      for (const path of filesIn('redacted')) assert.ok(readFileSync(file(`redacted/${path}`)).equals(readFileSync(file(`copy/${path}`))));
      assert.equal(await steward('verify', file('redacted')), 0, out);
      assert.equal(await exported(['--out', file('erased')], [hanna]), 0);
      assert.match(out, /1 of 3 opened/);
      await assert.rejects(exported(['--out', file('none')]), /STEWARD_VAULT_NAME/);
      assert.equal(await exported(['--out', file('refused')], 'refused'), 1);
      assert.match(err, /could not all be opened/);
    });
    it('writes into no directory that holds something', async () => {
      put('mine/notes.txt', 'mine');
      await assert.rejects(exported(['--out', file('mine')], everybody), /is not empty/);
      assert.deepEqual(filesIn('mine'), ['notes.txt']);
    });
  });
});
