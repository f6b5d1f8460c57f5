import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkpointText } from '../../../src/audit/checkpoint.ts';
import { auditCommand } from '../../../src/cli/audit.ts';
import { deployment, eventAt, keys, signed } from '../audit/anchored.ts';
import { OLD, OWN, retiring, type Copy } from '../audit/retiring.ts';

describe('`steward audit verify`', () => {
  let directory = '';
  let out = '';
  let err = '';

  const file = (name: string): string => join(directory, name);
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
  };
  const steward = async (...words: readonly string[]): Promise<number> => {
    out = '';
    err = '';
    return auditCommand(['verify', ...words], { print: (text) => void (out += text), complain: (text) => void (err += text) }, { root: '', environment: {} });
  };

  /** A chain in two parts, three records of it vouched for, two newer; the checkpoint and the keys kept elsewhere. */
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'steward-audit-'));
    const { anchors, instance } = deployment();
    const { anchoring, ledger, store } = instance('2026/11/22/one');
    for (let index = 0; index < 3; index += 1) await ledger.record(eventAt(index), { pressing: true });
    const held = await anchoring.checkpoint();
    for (let index = 3; index < 5; index += 1) await ledger.record(eventAt(index), { pressing: true });
    const lines = store.text.split('\n');
    put('copy/ledger/2026/11/22/one.jsonl', `${lines.slice(0, 2).join('\n')}\n`);
    put('copy/ledger/2026/11/22/one-0002.jsonl', lines.slice(2).join('\n'));
    for (const [name, text] of anchors.blobs) put(`copy/anchors/${name}`, text);
    put('copy/anchors/keys/v1.json', JSON.stringify(keys));
    put('held.json', checkpointText(held));
    put('keys.json', JSON.stringify(keys));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('says that it holds, what is protected by what one holds, and what is not', async () => {
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json'), '--key', file('keys.json')), 0, err);
    assert.match(out, /^Ledger {6}5 records in 1 chain$/m);
    assert.match(out, /^Holds {7}yes$/m);
    assert.match(out, /3 records are protected: everything up to your checkpoint/);
    assert.match(out, /2 newer records hang together, and that is all: a holder of the signing key could have rewritten them/);
    assert.doesNotMatch(out, /from the copy itself/);
  });
  it('says that nothing is protected where nothing is held, and that the key came with the copy', async () => {
    assert.equal(await steward(file('copy')), 0, err);
    assert.match(out, /No record is protected by something that you hold/);
    assert.match(out, /from the copy itself: compare it with the one in your Key Vault/);
  });
  it('names the first bad record, by its number and its public name, and ends with 1', async () => {
    const [, second = ''] = readFileSync(file('copy/ledger/2026/11/22/one.jsonl'), 'utf8').split('\n');
    const { id } = JSON.parse(second) as { readonly id: string };
    put('copy/ledger/2026/11/22/one.jsonl', readFileSync(file('copy/ledger/2026/11/22/one.jsonl'), 'utf8').replace('POLICY_DENIED', 'POLICY_ALLOWS'));
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 1);
    assert.match(out, /^Holds {7}NO$/m);
    assert.ok(out.includes(`First bad: record 2 (${id}) of chain 2026/11/22/one was changed.`), out);
    assert.match(out, /vouched for it\./);
  });
  it('misses a part of a chain, a chain, and a ledger', async () => {
    rmSync(file('copy/ledger/2026/11/22/one-0002.jsonl'));
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 1);
    assert.match(out, /record 3 of chain 2026\/11\/22\/one is missing, and all after it/);
    rmSync(file('copy/ledger/2026/11/22/one.jsonl'));
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 1);
    assert.match(out, /chain 2026\/11\/22\/one is missing/);
    rmSync(file('copy/ledger'), { recursive: true });
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 2);
    assert.match(err, /there is no ledger/);
  });
  it('believes no checkpoint that another key signed', async () => {
    const { checkpoint } = signed({ version: 1, writer: 'w', number: 0, at: '2026-11-22T10:00:00.000Z', previous: '0'.repeat(64), heads: [] });
    put('held.json', checkpointText({ ...signed(checkpoint), key: 'ledger-signing-key/mine' }));
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 1);
    assert.match(out, /the checkpoint that you hold bears no signature of a known key/);
  });
  it('says which file can’t be read, or is not what it should be', async () => {
    assert.equal(await steward(file('copy'), '--key', file('none.json')), 2);
    assert.match(err, /none\.json can’t be read\n$/);
    assert.equal(await steward(file('copy'), '--key', file('held.json')), 2);
    assert.match(err, /holds no public keys/);
    assert.equal(await steward(file('copy'), '--checkpoint', file('keys.json')), 2);
    assert.match(err, /is no checkpoint, or not as it was written/);
  });
  const putCopy = ({ anchors, chains, held }: Copy): void => {
    rmSync(file('copy/ledger'), { recursive: true });
    rmSync(file('copy/anchors/checkpoints'), { recursive: true });
    for (const [chain, text] of chains) put(`copy/ledger/${chain}.jsonl`, text);
    for (const [name, anchor] of anchors) if (anchor !== undefined) put(`copy/anchors/${name}`, checkpointText(anchor));
    put('held.json', checkpointText(held));
  };
  it('says what was taken away after its time, by which record, and what that rests on', async () => {
    putCopy((await retiring()).retired);
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 0, out);
    assert.match(out, /^Retired {5}1 chain of 10 records, which the records below say were taken away$/m);
    assert.match(out, new RegExp(`^Retired: chain ${OLD}, 10 records; its end was vouched for on 2025-09-01 10:00:00 UTC\\. Record [A-Z0-9]{5}-[A-Z0-9]{5} of 2026-10-[^]* in chain ${OWN} says so\\.$`, 'm'));
    assert.match(out, /Each began 365 days before that, or earlier/);
    assert.match(out, /Your checkpoint is older than 1 of the records that say so/);
    assert.equal(await steward(file('copy')), 0, out);
    assert.match(out, /You hold no checkpoint: whoever can write storage and sign could have made those records/);
    putCopy((await retiring('after')).retired);
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 0, out);
    assert.match(out, /Your checkpoint protects the records that say so/);
  });
  it('believes nothing younger than what the deployment keeps, where it is told', async () => {
    putCopy((await retiring()).retired);
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json'), '--kept', '400'), 0, out);
    assert.match(out, /Each began 400 days before that/);
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json'), '--kept', '1000'), 1, out);
    assert.match(out, /came before its time/);
    assert.equal(await steward(file('copy'), '--kept', '10'), 0, out);
    assert.match(out, /Each began 365 days before that/);
    assert.equal(await steward(file('copy'), '--kept', 'long'), 2);
    assert.match(err, /`long` is no number of days/);
  });
  it('names the record that it does not believe when a chain is gone', async () => {
    const { retired } = await retiring();
    for (const name of retired.anchors.keys()) if (name.includes('/2025/')) retired.anchors.delete(name);
    putCopy(retired);
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json')), 1);
    assert.match(out, new RegExp(`chain ${OLD} is missing, and the record [A-Z0-9]{5}-[A-Z0-9]{5} that says it was retired stands alone: no checkpoint in this copy shows`));
  });
  it('lets no name of a chain touch the terminal', async () => {
    put('copy/ledger/2026/11/22/\u001b[2Jtwo.jsonl', 'x\n');
    assert.equal(await steward(file('copy')), 1);
    assert.ok(out.includes('2026/11/22/?[2Jtwo') && !out.includes('\u001b'), out);
  });
  it('gives programs one document', async () => {
    assert.equal(await steward(file('copy'), '--checkpoint', file('held.json'), '--json'), 0);
    const document = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([document['holds'], document['records'], document['protectedRecords'], document['ownKeys']], [true, 5, 3, false]);
  });
  for (const [what, words, says] of [
    ['no directory', [], /needs the directory/],
    ['two directories', ['a', 'b'], /one too many/],
    ['an option that there is not', ['a', '--fast'], /there is no option `--fast`/],
    ['an option without its file', ['a', '--checkpoint'], /needs a file/],
    ['a directory that is not there', ['nowhere'], /^steward: there are no anchors in nowhere\/anchors\n$/],
  ] as const) {
    it(`takes ${what} for what it is`, async () => {
      assert.equal(await steward(...words), 2);
      assert.match(err, says);
      assert.equal(out, '');
    });
  }
});
