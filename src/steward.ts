import { createHash } from 'node:crypto';
import { catalogue as everything, catalogueOf, type Selection } from './actions/catalogue.ts';
import { adoptChains } from './audit/adopt.ts';
import { Anchoring } from './audit/anchoring.ts';
import { LedgerCheck } from './audit/ledger-check.ts';
import { Ledger } from './audit/ledger.ts';
import { LedgerRetirement } from './audit/retire.ts';
import { createScrubber } from './audit/scrub.ts';
import { StewardAdapter, type AdapterSettings } from './bot/adapter.ts';
import { Desk } from './bot/desk.ts';
import { Front, personalLink } from './bot/front.ts';
import { createKnowledge } from './bot/knowledge.ts';
import { StewardPlanner } from './bot/planner.ts';
import { Reports } from './bot/reports.ts';
import { Speaker } from './bot/say.ts';
import { createServer } from './bot/server.ts';
import { noticeText } from './bot/spending.ts';
import { en } from './bot/wording/en.ts';
import { apiVersions } from './clients/api-versions.ts';
import type { Clients } from './clients/create-clients.ts';
import type { Clock } from './clock.ts';
import { StewardError } from './errors.ts';
import { Approvals } from './guard/approvals.ts';
import { Ceiling, type CeilingSettings } from './guard/ceiling.ts';
import { Executor } from './guard/execute.ts';
import { Gate } from './guard/gate.ts';
import { KillSwitch, type LatchReading } from './guard/kill-switch.ts';
import { SealedLatch } from './guard/latch-seal.ts';
import { Limits } from './guard/limits.ts';
import { Policy } from './guard/policy.ts';
import { thresholdsFor } from './knowledge/thresholds.ts';
import { version } from './version.ts';

/** How often requests that expired or were orphaned are looked for. */
const SWEEP_EVERY_MS = 15_000;
/** How often the latch is read though nobody asks for anything, so that a kill from outside ends what waits. */
const LATCH_EVERY_MS = 5_000;
/** The ledger is read back soon after the start, and then a few times a day. */
const LEDGER_CHECK_FIRST_MS = 10_000;
const LEDGER_CHECK_EVERY_MS = 6 * 60 * 60_000;
/** How soon the last records of an instance that died are vouched for: they have to rest for three minutes first (src/audit/adopt.ts). */
const ADOPT_EVERY_MS = 2 * 60_000;

/** Soon after a start, for an instance that is replaced every night too, and then once a day. */
const RETENTION_FIRST_MS = 10 * 60_000;
const RETENTION_EVERY_MS = 24 * 60 * 60_000;

/** How soon an erasure that a crash left half done is finished, and one that a restored backup brought back is done again. */
const ERASE_EVERY_MS = 10 * 60_000;

/** Everything that one deployment decides. No secret is among it: secrets have names in Key Vault. */
export interface StewardSettings {
  readonly tenantId: string;
  /** Client id of the channel identity: the bot's app id. */
  readonly appId: string;
  readonly channelKeys?: NonNullable<AdapterSettings['channelKeys']>;
  /** Hosts that replies may link to. Empty allows none. */
  readonly linkHosts: readonly string[];
  readonly ceiling: CeilingSettings;
  /** The policy as Cedar text, and the system prompt. */
  readonly policy: string;
  /** A customer's own Cedar, which may only forbid. */
  readonly policyOverlay?: string;
  readonly contract: string;
  /** Absent: nothing is answered from articles. */
  readonly knowledge?: { /** The system prompt of that step. */ readonly contract: string; /** The embedding model by its own name. */ readonly model: string };
  /** Which of the reviewed actions this deployment has. */
  readonly actions: Selection;
  /** Where Teams lets the bot put a file of a person. Absent: reports come without a file. */
  readonly oneDriveHost?: string;
}

export interface StewardDependencies {
  readonly clients: Clients;
  readonly clock: Clock;
  readonly connector: Pick<AdapterSettings, 'httpClient' | 'connectorToken'>;
  readonly isServiceUrlAllowed: (serviceUrl: string) => boolean;
  /** Told about what should not happen; allow-lists what it prints. */
  readonly onError: (error: unknown) => void;
}

export interface Steward {
  /** Checks what must hold, then serves. Fails with what does not hold. */
  start(port: number, host?: string): Promise<{ readonly port: number }>;
  /** Stops taking requests, finishes what runs, writes the ledger out. */
  stop(): Promise<void>;
}

/** The wiring: each part is handed what it needs and nothing else. No globals, no environment. */
export function createSteward(settings: StewardSettings, { clients, clock, connector, isServiceUrlAllowed, onError }: StewardDependencies): Steward {
  const catalogue = catalogueOf(settings.actions);
  // Over the whole catalogue: the policy names actions that this deployment may be without, and an overlay may.
  const policy = new Policy(settings.policy, everything.all(), settings.policyOverlay);
  const digests = {
    catalogue: catalogue.digest,
    policy: policy.digest,
    contract: sha256(settings.contract),
    // What is quoted to whom does not bear on what may be done, but an approval names all that it was given under.
    ...(settings.knowledge && { knowledge: sha256(JSON.stringify([settings.knowledge.contract, thresholdsFor(settings.knowledge.model)])) }),
    configuration: sha256(JSON.stringify([settings.tenantId, settings.appId, settings.linkHosts, settings.ceiling])),
  };
  const { digestKey } = clients;
  const scrubber = createScrubber(() => clients.secrets());
  const ledger = new Ledger(clients.ledger, clock, scrubber, clients.personKeys);
  const anchoring = new Anchoring({ ledger, chain: clients.ledger.chain, heads: clients.heads, anchors: clients.anchors, signer: clients.signer, clock, onError });
  ledger.watch(anchoring);
  const retirement = new LedgerRetirement({ ledger, chain: clients.ledger.chain, anchoring, chains: clients.oldChains, anchors: clients.anchors, heads: clients.heads, days: clients.ledgerDays, isHeld: () => clients.isLedgerHeld(), clock });
  const ledgerCheck = new LedgerCheck(ledger, clients.ledger, clock);
  const latch = new SealedLatch(clients.latch, digestKey, clock);
  const killSwitch = new KillSwitch(latch, clock, (reading) => latchSeen(reading));
  const ceiling = new Ceiling({
    reasoner: clients.reasoner,
    embedder: clients.embedder,
    store: clients.spend,
    settings: settings.ceiling,
    clock,
    alarms: {
      onNotice: (notice) => void desk.tellAdmins(noticeText(notice)),
      stopModel: (reason) => void killSwitch.kill({ digest: 'ceiling', name: 'Steward', reason }, { scope: 'model', key: '', label: '' }).catch(onError),
    },
  });
  const limits = new Limits(clients.limits, clock);
  const gate = new Gate(policy, clients.whoIsWho, killSwitch, limits, clients.effects);
  // The only place that is handed the robot.
  const executor = new Executor(clients.robot, killSwitch, limits, clients.effects, ledger, digestKey, clock, scrubber);

  const connectorToken = async (): Promise<string> => {
    const token = await connector.connectorToken();
    clients.know(token);
    return token;
  };
  const adapter = new StewardAdapter({ appId: settings.appId, tenantId: settings.tenantId, ...connector, connectorToken, onToken: (token) => clients.know(token), ...(settings.channelKeys && { channelKeys: settings.channelKeys }) });
  const { oneDriveHost } = settings;
  const speaker = new Speaker(settings.linkHosts, () => clients.secrets(), undefined, oneDriveHost);
  const desk = new Desk(adapter, speaker, clients.contacts, clients.approvalPlaces, clients.whoIsWho, clock);
  const approvals = new Approvals({
    store: clients.approvals,
    catalogue,
    gate,
    limits,
    records: clients.records,
    whoIsWho: clients.whoIsWho,
    killSwitch,
    executor,
    ledger,
    digestKey,
    bindings: Object.values(digests),
    audience: desk,
    read: desk.read,
  });
  desk.serve(approvals);
  /** However it came about: in the ledger stands when this instance learnt of it, and what waited for people dies. */
  const latchSeen = (reading: LatchReading): void => {
    const { epoch, level, stops } = reading;
    ledger.record({ kind: 'latch', change: 'seen', level, epoch, person: reading.latch?.changedBy ?? '', seal: reading.latch?.seal ?? 'missing', stops: stops.filter(({ lifted }) => !lifted).length }).catch(onError);
    approvals.killStale().catch(onError);
  };
  const { fileOffers: offers, files } = clients;
  const reports = oneDriveHost === undefined || files === undefined ? undefined : new Reports({ adapter, speaker, offers, files, catalogue, gate, executor, killSwitch, ledger, digestKey, clock, onError });
  const knowledge =
    settings.knowledge &&
    createKnowledge({
      ...settings.knowledge,
      index: clients.index,
      answers: clients.answers,
      conversations: clients.conversations,
      tenantId: settings.tenantId,
      personalLink: personalLink(settings.appId),
      canOpenTickets: catalogue.find('create_ticket') !== undefined,
      whoIsWho: clients.whoIsWho,
      ceiling, killSwitch, ledger, digestKey, speaker, scrubber, desk, clock, onError,
    });
  const planner = new StewardPlanner({ answers: knowledge?.answers, catalogue, contract: settings.contract, ceiling, gate, executor, approvals, killSwitch, ledger, digestKey, speaker, desk, reports, scrubber, clock });
  const front = new Front({
    adapter,
    appId: settings.appId,
    tenantId: settings.tenantId,
    catalogue,
    speaker,
    planner,
    desk,
    reports,
    knowledge,
    approvals,
    gate,
    killSwitch,
    latch,
    ledgerCheck,
    robotStanding: () => clients.robotStanding(),
    versions: { steward: version, ...digests, apis: apiVersions },
    ceiling,
    limits,
    records: clients.records,
    whoIsWho: clients.whoIsWho,
    roster: clients.roster,
    conversations: clients.conversations,
    contacts: clients.contacts,
    approvalPlaces: clients.approvalPlaces,
    ledger,
    digestKey,
    scrubber,
    clock,
    onError,
  });
  const server = createServer({ adapter, tenantId: settings.tenantId, isServiceUrlAllowed, onActivity: front.receive, isHealthy: () => !ledger.isBroken, onError });
  let sweeping: NodeJS.Timeout | undefined;
  let watching: NodeJS.Timeout | undefined;
  let checking: NodeJS.Timeout | undefined;
  let adopting: NodeJS.Timeout | undefined;
  let retaining: NodeJS.Timeout | undefined;
  let erasing: NodeJS.Timeout | undefined;
  const checkLedger = async (): Promise<void> => {
    if (!(await ledgerCheck.readBack()).holds) await desk.tellAdmins(en.ledgerBroken);
  };

  /** Chains that don't hang together, as far as admins were told. */
  const brokenChains = new Set<string>();
  const tellBroken = async (chains: readonly string[]): Promise<void> => {
    const found = chains.filter((chain) => !brokenChains.has(chain));
    for (const chain of found) brokenChains.add(chain);
    if (found.length > 0) await desk.tellAdmins(en.ledgerBroken);
  };
  const adopt = async (): Promise<void> => tellBroken(await adoptChains(clients.heads, clients.chains, clients.ledger.chain));
  /** Whether it was said that storage keeps what should go: once is enough. */
  let isHoldTold = false;
  const retireChains = async (): Promise<void> => {
    const { broken, held } = await retirement.sweep();
    if (held.length > 0 && !isHoldTold) onError(new StewardError('LEDGER_UNAVAILABLE', 'chains of the ledger that are over for longer than it is kept stay: a legal hold or an immutability policy'));
    isHoldTold ||= held.length > 0;
    await tellBroken(broken);
  };

  const eraseAgain = async (): Promise<void> => {
    const { again, problems } = await clients.records.reapply();
    for (const problem of problems) onError(problem);
    for (const person of again) await ledger.record({ kind: 'records', change: 'erase', state: 'again', person, by: '' });
    if (again.length > 0) await desk.tellAdmins(en.records.again(again.length));
  };

  return {
    async start(port, host = '0.0.0.0') {
      await clients.prepare();
      await ledger.record({ kind: 'start', steward: version, robot: digestKey.digest(clients.robotIdentity.digest()), deployment: clients.modelDeployment, ...digests });
      const listening = await server.listen(port, host);
      const sweep = (): void => void Promise.all([approvals.sweep(), front.resume(), front.rememberAdmins()]).catch(onError);
      sweep();
      sweeping = setInterval(sweep, SWEEP_EVERY_MS);
      watching = setInterval(() => void killSwitch.read().catch(onError), LATCH_EVERY_MS);
      const check = (): void => {
        void checkLedger().catch(onError);
        checking = setTimeout(check, LEDGER_CHECK_EVERY_MS);
      };
      checking = setTimeout(check, LEDGER_CHECK_FIRST_MS);
      const retain = (): void => {
        void clients.retention.sweep().catch(onError);
        void retireChains().catch(onError);
        retaining = setTimeout(retain, RETENTION_EVERY_MS);
      };
      retaining = setTimeout(retain, RETENTION_FIRST_MS);
      const erase = (): void => void eraseAgain().catch(onError);
      erase();
      erasing = setInterval(erase, ERASE_EVERY_MS);
      adopting = setInterval(() => void adopt().catch(onError), ADOPT_EVERY_MS);
      return { port: listening };
    },
    async stop() {
      clearInterval(sweeping);
      clearInterval(watching);
      clearTimeout(checking);
      clearInterval(adopting);
      clearTimeout(retaining);
      clearInterval(erasing);
      await server.close();
      await front.drain();
      await ledger.flush().catch(onError);
      // What nobody vouched for yet is vouched for by the next instance that reads on in this chain, if not here.
      await anchoring.stop().catch(() => undefined);
      clients.close();
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
