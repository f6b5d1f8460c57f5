import type { Agent } from 'node:https';
import type { TokenCredential } from '@azure/core-auth';
import { InternalId } from '../actions/internal-id.ts';
import type { Robot } from '../actions/ports.ts';
import type { ChainReader } from '../audit/adopt.ts';
import type { AnchorStore, HeadStore } from '../audit/anchoring.ts';
import type { Signer } from '../audit/checkpoint.ts';
import type { DigestKey, LedgerReader, LedgerStore } from '../audit/record.ts';
import type { AnchorReader, RemovableChains, RetirementDependencies } from '../audit/retire.ts';
import type { PersonKeys } from '../audit/sealed.ts';
import type { AnswerStore, ApprovalPlaceStore, ContactStore, ConversationStore, FileOfferStore, FilePlace } from '../bot/ports.ts';
import type { Clock } from '../clock.ts';
import type { ApprovalStore } from '../guard/approval.ts';
import type { LatchRowStore } from '../guard/latch-seal.ts';
import type { AdminRoster, EffectNotes, LimitStore, PersonRecords, SpendStore, WhoIsWho } from '../guard/ports.ts';
import type { Embedder, Reasoner } from '../guard/reasoner.ts';
import type { IndexStore } from '../knowledge/library.ts';
import { TableAdminRoster } from './admin-roster.ts';
import { ANCHOR_CONTAINER, BlobAnchorStore, TableHeadStore } from './anchor-store.ts';
import { TableAnswerStore } from './answer-store.ts';
import { TableApprovalPlaceStore } from './approval-place-store.ts';
import { TableApprovalStore } from './approval-store.ts';
import { MODEL_TIMEOUT_MS } from './azure-openai.ts';
import { BlobChainReader } from './chain-reader.ts';
import type { Endpoints } from './clouds.ts';
import { TableContactStore } from './contact-store.ts';
import { TableConversationStore } from './conversation-store.ts';
import { KnownTokens, managedIdentity } from './credential.ts';
import { VaultDigestKey } from './digest-key.ts';
import { TableEffectNotes } from './effect-notes.ts';
import { createEgress } from './egress.ts';
import { AzureEmbedder } from './embedder.ts';
import { ErasureNotices, Erasures } from './erasures.ts';
import { TableFileOfferStore } from './file-offer-store.ts';
import { OneDriveFilePlace } from './file-upload.ts';
import { GraphClient } from './graph.ts';
import { FolderIndexStore } from './index-store.ts';
import { TableLatchStore } from './latch-store.ts';
import { BlobLedgerStore, LEDGER_CONTAINER } from './ledger-store.ts';
import { isUnderLegalHold } from './legal-hold.ts';
import { TableLimitStore } from './limit-store.ts';
import { AzureReasoner } from './model.ts';
import { PersonKeyRows } from './person-key-rows.ts';
import { TablePersonKeys } from './person-keys.ts';
import { defaultRetention, Retention, type RetentionSettings } from './retention.ts';
import { createRobot, type RobotStanding } from './robot.ts';
import { VaultSigner } from './signer.ts';
import { SpendLeases } from './spend-lease.ts';
import { TableSpendStore } from './spend-store.ts';
import { noSystems, type SystemSettings } from './systems.ts';
import { ensureTables, openTables } from './tables.ts';
import { Vault, type KnownSecret } from './vault.ts';
import { GraphWhoIsWho, type RoleGroups } from './who-is-who.ts';

/** Everything that decides which outside world the clients reach. Names, addresses and ids; never a secret. */
export interface ClientOptions {
  readonly endpoints: Endpoints;
  /** How connections are made, when not by the defaults: another trust anchor or look-up. Never changes what is allowed. */
  readonly agent?: Agent;
  readonly tenantId: string;
  /** Client ids of the user-assigned managed identities. */
  readonly identities: { readonly reasoner: string; readonly robot: string; readonly keeper: string };
  /** Object ids of the groups in Entra. */
  readonly roleGroups: RoleGroups;
  readonly model: { readonly deployment: string; readonly name: string };
  /** The deployment that turns texts into vectors, on the same resource. Absent: nothing is embedded. */
  readonly embedding?: { readonly deployment: string };
  /** Where the index of the articles is, as it was built. Absent: an empty folder. */
  readonly knowledgeDirectory?: string;
  /** Absent: Entra and Intune alone. */
  readonly systems?: SystemSettings;
  readonly clock: Clock;
  /** Absent: as long as is usual. */
  readonly retention?: RetentionSettings;
  /** Names this start of this instance: a GUID, part of the ledger's blob name and the owner of leases. */
  readonly instance: string;
  /**
   * Another source of tokens for a client id. Absent, the managed identities; MSAL keeps one identity endpoint for a
   * process, so whoever needs a second one in the same process passes this.
   */
  readonly credentialFor?: (clientId: string) => TokenCredential;
}

export interface Clients {
  /** For `guard/execute` and nobody else. */
  readonly robot: Robot;
  /** The client id of the identity that acts. */
  readonly robotIdentity: InternalId;
  readonly whoIsWho: WhoIsWho;
  /** As it stands in storage: `guard/latch-seal` tells whether to believe it. */
  readonly latch: LatchRowStore;
  readonly roster: AdminRoster;
  readonly spend: SpendStore;
  readonly limits: LimitStore;
  readonly effects: EffectNotes;
  readonly approvals: ApprovalStore;
  readonly conversations: ConversationStore;
  readonly contacts: ContactStore;
  readonly approvalPlaces: ApprovalPlaceStore;
  readonly fileOffers: FileOfferStore;
  readonly answers: AnswerStore;
  /** Nothing is read before the first question. */
  readonly index: IndexStore;
  /** Absent where no OneDrive host is named. */
  readonly files?: FilePlace;
  readonly ledger: LedgerStore & LedgerReader & { readonly chain: string };
  /** Every chain of the deployment, the heads that their instances told, and what vouches for them. */
  readonly chains: ChainReader;
  readonly heads: RetirementDependencies['heads'] & HeadStore;
  readonly anchors: AnchorStore & AnchorReader;
  /** The same chains, for what takes old ones away, and how many days they are kept. */
  readonly oldChains: RemovableChains;
  readonly ledgerDays: number;
  /** Whether somebody, or the ledger as a whole, is under legal hold. Fails when nobody knows. */
  isLedgerHeld(): Promise<boolean>;
  readonly signer: Signer;
  /** Usable after `prepare`. */
  readonly digestKey: DigestKey;
  /** What records say about people in words is sealed with these. Nothing of it is read before the first record that needs it. */
  readonly personKeys: PersonKeys;
  readonly records: PersonRecords & Pick<Erasures, 'reapply'>;
  readonly reasoner: Reasoner;
  /** What the reasoner asks, by the name that it has on its resource. */
  readonly modelDeployment: string;
  /** Absent where no embedding deployment is named. */
  readonly embedder?: Embedder;
  /** Whether the robot still gets a token. Never fails. */
  robotStanding(): Promise<RobotStanding>;
  /** Every secret value that was read so far, and every token that was given; the output gate asks each whether it stands in a text. */
  secrets(): readonly KnownSecret[];
  /** From now on this is one of them: a token that others gave, or got. */
  know(token: string): void;
  /** Takes away what was kept long enough. */
  readonly retention: Pick<Retention, 'sweep'>;
  /**
   * What must hold before anything is served: the keeper's tables, the containers of ledger and checkpoints, the digest key, role groups that
   * exist and are role-assignable. Not the robot: one that was revoked must leave chat, kill switch and ledger alive.
   * Fails with the reason, `CONFIGURATION_INVALID` where it is ours.
   */
  prepare(): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * The hands of Steward, each with the identity it needs. Three egress lists, so that the robot's pipeline reaches the
 * systems that it acts on, the reasoner's the model only, and the keeper's neither the model nor anything that acts.
 */
export function createClients(options: ClientOptions): Clients {
  const { endpoints, agent, tenantId, identities, clock, instance } = options;
  const credentialFor = options.credentialFor ?? ((clientId: string) => managedIdentity(clientId, { tenantId, clock }));
  const connection = agent === undefined ? {} : { agent };

  const { systems = noSystems } = options;
  const { logic, servicenow } = endpoints;
  const robotEgress = createEgress({ allow: [endpoints.graph, ...(systems.servicenow === undefined ? [] : [endpoints.vault]), ...(servicenow === undefined ? [] : [servicenow]), ...(systems.sites.length > 0 ? [endpoints.arm] : []), ...Object.values(logic)], ...connection });
  const reasonerEgress = createEgress({ allow: [endpoints.openai], longestMs: MODEL_TIMEOUT_MS + 5_000, ...connection });
  const keeperEgress = createEgress({ allow: [...new Set([endpoints.graph, endpoints.vault, endpoints.tables, endpoints.blobs, endpoints.anchors])], ...connection });

  // Of its own: nothing else reaches people's OneDrive, and it reaches nothing else.
  const filesEgress = endpoints.oneDrive === undefined ? undefined : createEgress({ allow: [endpoints.oneDrive], ...connection });

  const tokens = new KnownTokens();
  // Of their own: there may be many, and they must not push out those of the robot.
  const channelTokens = new KnownTokens();
  const credentials = {
    robot: tokens.of(credentialFor(identities.robot)),
    reasoner: tokens.of(credentialFor(identities.reasoner)),
    keeper: tokens.of(credentialFor(identities.keeper)),
  };

  const robot = createRobot({ endpoints, systems, credential: credentials.robot, httpClient: robotEgress.httpClient, clock });
  const keeperGraph = new GraphClient({ endpoint: endpoints.graph, credential: credentials.keeper, httpClient: keeperEgress.httpClient, clock });
  const tables = openTables({ endpoint: endpoints.tables, credential: credentials.keeper, httpClient: keeperEgress.httpClient });
  const vault = new Vault({ endpoint: endpoints.vault, credential: credentials.keeper, httpClient: keeperEgress.httpClient, clock });

  const whoIsWho = new GraphWhoIsWho(keeperGraph, options.roleGroups, clock, systems.managedGroups);
  const digestKey = new VaultDigestKey(vault);
  const keeper = { credential: credentials.keeper, httpClient: keeperEgress.httpClient };
  const ledger = new BlobLedgerStore({ endpoint: endpoints.blobs, ...keeper, startedAt: clock.now(), instance });
  const anchors = new BlobAnchorStore({ endpoint: endpoints.anchors, ...keeper });

  const personRows = new PersonKeyRows(tables.personkeys, digestKey);
  const personKeys = new TablePersonKeys({ endpoint: endpoints.vault, ...keeper, clock, rows: personRows });
  const notices = new ErasureNotices({ endpoint: endpoints.anchors, ...keeper }, digestKey);
  const evidence = [{ name: LEDGER_CONTAINER, endpoint: endpoints.blobs, ...keeper }, { name: ANCHOR_CONTAINER, endpoint: endpoints.anchors, ...keeper }];
  const records = new Erasures(personKeys, personRows, notices, () => isUnderLegalHold(evidence));

  const model = { endpoint: endpoints.openai, credential: credentials.reasoner, httpClient: reasonerEgress.httpClient };

  let prepared: Promise<void> | undefined;

  return {
    robot: robot.hands,
    robotIdentity: new InternalId(identities.robot),
    whoIsWho,
    latch: new TableLatchStore(tables.latch),
    roster: new TableAdminRoster(tables.roster, clock),
    spend: new SpendLeases(new TableSpendStore(tables.spend)),
    limits: new TableLimitStore(tables.limits),
    effects: new TableEffectNotes(tables.effects),
    approvals: new TableApprovalStore(tables.approvals),
    conversations: new TableConversationStore(tables.conversations, { instance, clock }),
    contacts: new TableContactStore(tables.contacts),
    approvalPlaces: new TableApprovalPlaceStore(tables.contacts),
    fileOffers: new TableFileOfferStore(tables.offers),
    answers: new TableAnswerStore(tables.answers),
    index: new FolderIndexStore({ directory: options.knowledgeDirectory ?? '', vault: endpoints.vault, anchors: endpoints.anchors, ...keeper }),
    ...(filesEgress !== undefined && endpoints.oneDrive !== undefined && { files: new OneDriveFilePlace({ endpoint: endpoints.oneDrive, httpClient: filesEgress.httpClient }) }),
    ledger,
    chains: new BlobChainReader({ endpoint: endpoints.blobs, ...keeper }),
    heads: new TableHeadStore(tables.heads),
    anchors,
    // Of its own: what it lists is what it may delete, and another one lists too.
    oldChains: new BlobChainReader({ endpoint: endpoints.blobs, ...keeper }),
    ledgerDays: (options.retention ?? defaultRetention).ledgerDays,
    isLedgerHeld: async () => (await personRows.isAnyHeld()) || isUnderLegalHold(evidence.filter(({ name }) => name === LEDGER_CONTAINER)),
    signer: new VaultSigner({ endpoint: endpoints.vault, ...keeper, clock, publish: (key) => anchors.putKey(key) }),
    digestKey,
    personKeys,
    records,
    reasoner: new AzureReasoner({ ...model, ...options.model }),
    modelDeployment: options.model.deployment,
    ...(options.embedding && { embedder: new AzureEmbedder({ ...model, deployment: options.embedding.deployment }) }),
    retention: new Retention(tables, options.retention ?? defaultRetention, clock),
    robotStanding: () => robot.standing(),
    secrets: () => [...vault.known(), ...robot.secrets(), ...tokens.known(), ...channelTokens.known()],
    know: (token) => channelTokens.add(token),
    prepare: () => {
      prepared ??= Promise.all([ensureTables(tables), ledger.prepare(), anchors.prepare(), digestKey.load(), whoIsWho.checkRoleGroups()]).then(() => undefined);
      // What did not hold is asked again; what held is not.
      prepared.catch(() => {
        prepared = undefined;
      });
      return prepared;
    },
    close: () => {
      for (const egress of [robotEgress, reasonerEgress, keeperEgress, filesEgress]) egress?.close();
    },
  };
}
