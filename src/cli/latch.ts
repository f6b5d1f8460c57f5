import type { CloudName } from '../clients/clouds.ts';
import type { Killed, LatchStatus, Narrow, Operator, OperatorOptions, OperatorProblem, Status, StoppedThing } from '../clients/operator.ts';
import type { Clock } from '../clock.ts';
import { ACCOUNT, GUID, type ExitStatus, type Output } from './command.ts';

/** `steward kill` and `steward status`: the latch out of band, with the operator's own Azure login. */

export const LATCH_USAGE = `steward kill all [--reason TEXT]         stops everything, at once and for every instance
steward kill model                       answers without the language model
steward kill action NAME                 one action
steward kill person OBJECT-ID            one person, who then asks for nothing and decides nothing
steward status                           how Steward stands

kill and status work with your own Azure login (az login) on the deployment that STEWARD_STORAGE_ACCOUNT and
STEWARD_TENANT_ID name, or --account NAME --tenant ID. With --json they print one JSON document.
`;

/** For tests: another login and another way to storage. The host that production uses stays pinned. */
export type Connection = Pick<OperatorOptions, 'credential' | 'endpoint' | 'httpClient'>;

export interface LatchCommand {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly connection?: Connection;
}

/** What was typed wrongly, as a sentence. */
class Misuse extends Error {}

interface Typed {
  readonly words: readonly string[];
  readonly json: boolean;
  readonly reason?: string;
  readonly cloud: CloudName;
  readonly account: string;
  readonly tenantId: string;
}

const DEFAULT_REASON = 'kill from the command line';

/** Carries one of the two out. 0: done. 1: it could not, and says why. 2: it was typed wrongly. */
export async function latchCommand(command: 'kill' | 'status', rest: readonly string[], { complain, print }: Output, { clock, connection, environment }: LatchCommand): Promise<ExitStatus> {
  let typed: Typed;
  let target: 'all' | Narrow | undefined;
  try {
    typed = read(rest, environment);
    target = command === 'kill' ? await targetOf(typed.words) : undefined;
    if (command === 'status' && typed.words.length > 0) throw new Misuse(`\`status\` does not know \`${short(typed.words[0])}\``);
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    complain(`steward: ${error.message}\n\n${LATCH_USAGE}`);
    return 2;
  }
  const { OperatorError, openOperator } = await import('../clients/operator.ts');
  let operator: Operator | undefined;
  try {
    operator = await openOperator({ cloud: typed.cloud, account: typed.account, tenantId: typed.tenantId, clock, ...connection });
    return target === undefined ? tell(await operator.status(), typed, print) : await kill(operator, target, typed, print);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const sentence = PROBLEMS[error.problem](typed, command === 'kill');
    if (typed.json) print(`${JSON.stringify({ done: false, problem: error.problem, sentence }, null, 2)}\n`);
    complain(`steward: ${sentence}\n${command === 'kill' ? `${byHand(typed)}\n` : ''}`);
    return 1;
  } finally {
    operator?.close();
  }
}

async function kill(operator: Operator, target: 'all' | Narrow, { account, json, reason }: Typed, print: Output['print']): Promise<ExitStatus> {
  const outcome = target === 'all' ? await operator.killAll(reason ?? DEFAULT_REASON) : await operator.kill(target, reason ?? DEFAULT_REASON);
  if (json) {
    print(`${JSON.stringify({ done: true, stopped: target === 'all' ? { scope: 'all' } : target, outcome, account, by: operator.name }, null, 2)}\n`);
    return 0;
  }
  const lines = [doneSentence(target, outcome)];
  if (target !== 'all' && outcome !== 'missing' && reason !== undefined) lines.push('The reason was not kept: a stop of less than everything has no place for one here.');
  print(`${lines.join('\n')}\n`);
  return 0;
}

// --- what is typed ---------------------------------------------------------------------------------------------------

function read(given: readonly string[], environment: LatchCommand['environment']): Typed {
  const words: string[] = [];
  const options = new Map<string, string>();
  let json = false;
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index] ?? '';
    if (!word.startsWith('--')) words.push(word);
    else if (word === '--json') json = true;
    else {
      const value = given[(index += 1)];
      if (!['--account', '--tenant', '--reason'].includes(word)) throw new Misuse(`there is no option \`${short(word)}\``);
      if (value === undefined || value.startsWith('--')) throw new Misuse(`\`${word}\` needs a value`);
      if (options.has(word)) throw new Misuse(`\`${word}\` is there twice`);
      options.set(word, value);
    }
  }
  const account = options.get('--account') ?? environment['STEWARD_STORAGE_ACCOUNT'] ?? '';
  const tenantId = options.get('--tenant') ?? environment['STEWARD_TENANT_ID'] ?? '';
  const cloud = environment['STEWARD_CLOUD'] ?? 'public';
  if (!ACCOUNT.test(account)) throw new Misuse(account === '' ? 'which deployment? Set STEWARD_STORAGE_ACCOUNT, or use --account NAME' : 'that is not the name of a storage account: lower-case letters and digits, 3 to 24');
  if (!GUID.test(tenantId)) throw new Misuse(tenantId === '' ? 'which tenant? Set STEWARD_TENANT_ID, or use --tenant ID' : 'that is not the id of a tenant: a GUID, as in the Azure portal');
  if (cloud !== 'public') throw new Misuse('STEWARD_CLOUD can only be `public`');
  const reason = options.get('--reason');
  return { words, json, ...(reason !== undefined && { reason }), cloud, account, tenantId };
}

async function targetOf([scope, what, ...more]: readonly string[]): Promise<'all' | Narrow> {
  if (scope === undefined) throw new Misuse('`kill` needs to know what: all, model, action NAME or person OBJECT-ID');
  if (more.length > 0 || ((scope === 'all' || scope === 'model') && what !== undefined)) throw new Misuse(`\`kill ${short(scope)}\` takes less than that; a reason of several words goes in quotation marks after --reason`);
  if (scope === 'all') return 'all';
  if (scope === 'model') return { scope: 'model' };
  if (scope === 'person') {
    if (!GUID.test(what ?? '')) throw new Misuse('`kill person` needs an object id, which Entra shows beside the account');
    return { scope: 'person', objectId: what ?? '' };
  }
  if (scope !== 'action') throw new Misuse(`\`kill\` does not know \`${short(scope)}\`: all, model, action NAME or person OBJECT-ID`);
  // A name that is typed wrongly would stop nothing, and nobody would notice.
  const { catalogue } = await import('../actions/catalogue.ts');
  if (what === undefined || catalogue.find(what) === undefined) throw new Misuse(`there is no action \`${short(what)}\`; \`steward actions\` lists them, and \`kill all\` stops those of any version`);
  return { scope: 'action', name: what };
}

const short = (word = ''): string => word.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 40);

// --- what is said ----------------------------------------------------------------------------------------------------

const REVIVE = 'Reviving takes two admins in Teams: “revive because …”.';

function doneSentence(target: 'all' | Narrow, outcome: Killed): string {
  if (outcome === 'missing') return `The latch was missing, so Steward counted as stopped already. It now says so: off. ${REVIVE}`;
  if (target === 'all') return `Everything is stopped: the latch is off. Instances see it within a second; a request that was on its way may still take effect. ${REVIVE}`;
  const what = target.scope === 'model' ? 'The model' : target.scope === 'action' ? `The action ${target.name}` : 'That person';
  if (outcome === 'was so') return `${what} was stopped already.`;
  return `${what} is stopped. Instances see it within a second; a request that was on its way may still take effect. ${REVIVE.replace('revive', `revive ${target.scope} …`)}`;
}

const PROBLEMS: Readonly<Record<OperatorProblem, (typed: Typed, kill: boolean) => string>> = {
  'az missing': () => 'the Azure CLI is not there: install it, or make sure that `az` is on the PATH.',
  'not signed in': ({ tenantId }) => `you are not signed in to Azure: az login --tenant ${tenantId}`,
  'no token': ({ tenantId }) => `the Azure CLI gave no token for that tenant. Try: az login --tenant ${tenantId}`,
  'wrong tenant': ({ account }) => `storage does not know your login. Is ${account} in that tenant?`,
  refused: ({ account }, kill) => `storage refused. You need the role “Storage Table Data ${kill ? 'Contributor' : 'Reader'}” on ${account}, and its firewall must let this machine in.`,
  'no account': ({ account }) => `there is no storage account ${account}, or this machine can’t look up its name.`,
  'no table': ({ account }) => `there is no latch in ${account}. Is that the right account? If it is, Steward does nothing either.`,
  unreachable: ({ account }) => `storage did not answer: ${account} can’t be reached from here. While Steward can’t reach it either, it does nothing.`,
  'changed by others': () => 'others changed the latch again and again meanwhile. Please look at the status, and try again.',
};

const byHand = ({ account }: Typed): string =>
  `By hand: Azure portal, storage account ${account}, Storage browser, Tables, latch, the row latch: set level to off, or delete the row. docs/stopping.md`;

function tell(status: Status, { account, json }: Typed, print: Output['print']): ExitStatus {
  const whole = status.spentMicroUsd !== null && status.pending !== null;
  if (json) print(`${JSON.stringify({ account, ...status }, null, 2)}\n`);
  else print(`${[...(status.latch === 'missing' ? ['Latch     missing, which counts as off: nothing is done'] : latchLines(status.latch)), `Spend     ${status.spentMicroUsd === null ? 'can’t be read' : `${(status.spentMicroUsd / 1_000_000).toFixed(2)} USD in ${status.month}`}`, `Requests  ${status.pending === null ? 'can’t be read' : `${status.pending} waiting for a person`}`].join('\n')}\n`);
  return whole ? 0 : 1;
}

function latchLines({ by, byName, level, reason, sealed, since, stops, unclear }: LatchStatus): readonly string[] {
  const known = ['full', 'read-only', 'observe', 'off'].includes(level);
  const meaning = !known ? ', which is no level: nothing is done' : level !== 'off' && !sealed ? ', without a seal, which counts as off: nothing is done' : '';
  return [
    `Latch     ${level}${meaning}`,
    `Since     ${timeOf(since)}`,
    `By        ${byName || (by === 'cli' ? 'the command line' : by === 'deployment' ? 'the deployment' : 'not said')}`,
    `Reason    ${reason || 'none given'}`,
    `Seal      ${sealed ? 'there; only Steward can check it' : level === 'off' ? 'none, and none is needed' : 'none'}`,
    ...stops.map((stop) => `Stopped   ${stopText(stop)}`),
    ...unclear.map((column) => `Stopped   everything: nobody understands the column ${column}`),
  ];
}

function stopText({ byName, reason, scope, since, what }: StoppedThing): string {
  const how = since === undefined ? 'by hand' : [`since ${timeOf(since)}`, ...(byName === '' ? [] : [`by ${byName}`]), ...(reason === '' ? [] : [`because ${reason}`])].join(', ');
  return `${scope === 'model' ? 'the model' : `${scope} ${what || '(not named)'}`}, ${how}`;
}

const timeOf = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
