import { appendFile, chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openedPartText } from '../audit/events.ts';
import { open, type Sealed } from '../audit/sealed.ts';
import { errorCode } from '../errors.ts';
import type { OperatorKeys } from '../clients/operator-keys.ts';
import type { OperatorProblem } from '../clients/operator.ts';
import { PEOPLE_FILE, readCopy } from './audit-copy.ts';
import type { AuditSetting } from './audit-setting.ts';
import { counted } from './audit-verify.ts';
import { Misuse, short, Unreadable, wordsOf } from './audit-words.ts';
import { ACCOUNT, GUID, type ExitStatus, type Output } from './command.ts';

/** `steward audit export`: both containers to disk, and the names that can be opened. */

export const EXPORT_USAGE = `steward audit export --out DIRECTORY     copies ledger and checkpoints with your own Azure login, byte for byte, and opens
                                         the names in it; --redact leaves them sealed. Deployment as for status, and
                                         STEWARD_ANCHOR_STORAGE_ACCOUNT or --anchor-account NAME,
                                         STEWARD_VAULT_NAME or --vault NAME
`;

type FindPersonKey = OperatorKeys['find'];

const VAULT = /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i;

/** 0: copied, and it holds. 1: it could not be copied or opened, or does not hold. `findKey` is for tests. Fails with `Misuse` and `Unreadable`. */
export async function exportCommand(given: readonly string[], { complain, print }: Output, { connection, environment }: AuditSetting, findKey?: FindPersonKey): Promise<ExitStatus> {
  const { options, words } = wordsOf(given, ['--out', '--redact', '--account', '--anchor-account', '--tenant', '--vault']);
  if (words.length > 0) throw new Misuse(`\`audit export\` does not know \`${short(words[0])}\``);
  const directory = options.get('--out');
  if (directory === undefined) throw new Misuse('`audit export` needs --out and a directory');
  const account = options.get('--account') ?? environment['STEWARD_STORAGE_ACCOUNT'] ?? '';
  const anchorAccount = options.get('--anchor-account') ?? environment['STEWARD_ANCHOR_STORAGE_ACCOUNT'] ?? account;
  const tenantId = options.get('--tenant') ?? environment['STEWARD_TENANT_ID'] ?? '';
  if (![account, anchorAccount].every((name) => ACCOUNT.test(name))) throw new Misuse('which deployment? Set STEWARD_STORAGE_ACCOUNT, or use --account NAME: lower-case letters and digits, 3 to 24');
  if (!GUID.test(tenantId)) throw new Misuse('which tenant? Set STEWARD_TENANT_ID, or use --tenant ID: a GUID, as in the Azure portal');
  const vault = options.get('--vault') ?? environment['STEWARD_VAULT_NAME'] ?? '';
  if (!options.has('--redact') && findKey === undefined && !VAULT.test(vault)) throw new Misuse('the keys of people are in a vault: set STEWARD_VAULT_NAME, or use --vault NAME. With --redact none is needed');
  await prepare(directory);
  const [{ copyLedger }, { OperatorError }] = await Promise.all([import('../clients/ledger-copy.ts'), import('../clients/operator.ts')]);
  try {
    const { anchorFiles, ledgerFiles, left } = await copyLedger(directory, { cloud: 'public', account, anchorAccount, tenantId, ...connection });
    print(`Copied      ${counted(ledgerFiles, 'file')} of the ledger, ${counted(anchorFiles, 'file')} of checkpoints and keys${left === 0 ? '' : `; ${counted(left, 'blob')} with a name that is none of Steward’s stayed there`}\n`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    complain(`steward: ${sentenceOf(error.problem, account, anchorAccount, tenantId)}\n`);
    return 1;
  }
  const { entries, verdict } = await readCopy({ directory });
  const sealed = entries.flatMap(({ event, id }) => ('sealed' in event ? (event.sealed ?? []).map((part, index) => ({ id, index, part })) : []));
  let isOpened = true;
  if (options.has('--redact')) print('Names       left sealed, as you asked\n');
  else {
    const { openKeys } = await import('../clients/operator-keys.ts');
    const keys = findKey === undefined ? openKeys({ cloud: 'public', account, vault, tenantId, ...connection }) : { find: findKey, close: () => undefined };
    try {
      const opened = await openAll(join(directory, PEOPLE_FILE), sealed, keys.find);
      print(`Names       ${opened.toLocaleString('en-GB')} of ${sealed.length.toLocaleString('en-GB')} opened, in ${PEOPLE_FILE}: keep it as you keep personal data\n`);
    } catch (error) {
      if (errorCode(error) !== 'LEDGER_UNAVAILABLE' && errorCode(error) !== 'STORAGE_UNAVAILABLE') throw error;
      isOpened = false;
      complain(`steward: the names could not all be opened. You need “Storage Table Data Reader” on the table personkeys in ${account} and “Key Vault Crypto Service Encryption User” on the key ledger-wrapping-key in ${vault}. What was copied stands.\n`);
    } finally {
      keys.close();
    }
  }
  print(`Holds       ${verdict.holds ? 'yes' : 'NO: audit verify says where'}\n`);
  return verdict.holds && isOpened ? 0 : 1;
}

/** A directory of one's own: what is there already could be taken for part of the copy. */
async function prepare(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if ((await readdir(directory)).length === 0) return await chmod(directory, 0o700);
  } catch {
    throw new Unreadable(`${short(directory)} can’t be made, or is no directory`);
  }
  throw new Unreadable(`${short(directory)} is not empty: an export gets a directory of its own`);
}

/** Writes what its key opens, a line for each. Keys stay in memory. */
async function openAll(file: string, sealed: readonly { readonly id: string; readonly index: number; readonly part: Sealed }[], findKey: FindPersonKey): Promise<number> {
  const keys = new Map<string, Buffer | undefined>();
  let opened = 0;
  await appendFile(file, '', { mode: 0o600, flag: 'ax' });
  for (const { id, index, part } of sealed) {
    const name = JSON.stringify([part.person, part.key]);
    if (!keys.has(name)) keys.set(name, await findKey(part.person, part.key));
    const secret = keys.get(name);
    const facts = secret && open(part, secret);
    if (facts === undefined) continue;
    await appendFile(file, openedPartText({ record: id, index, as: part.as, person: part.person, facts }));
    opened += 1;
  }
  return opened;
}

function sentenceOf(problem: OperatorProblem, account: string, anchors: string, tenantId: string): string {
  const where = account === anchors ? account : `${account} and ${anchors}`;
  switch (problem) {
    case 'az missing': return 'the Azure CLI is not there: install it, or make sure that `az` is on the PATH.';
    case 'not signed in':
    case 'no token': return `the Azure CLI gave no token for that tenant: az login --tenant ${tenantId}`;
    case 'wrong tenant': return `storage does not know your login. Is ${where} in that tenant?`;
    case 'refused': return `storage refused. You need the role “Storage Blob Data Reader” on ${where}, and the firewall must let this machine in.`;
    case 'no table': return `there is no container ledger or anchors in ${where}. Is that the right account?`;
    case 'no account':
    case 'unreachable':
    case 'changed by others': return `storage did not answer: ${where} can’t be reached from here.`;
  }
}
