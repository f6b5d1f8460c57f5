/** Azurite 3.35 in this process. Its insides are untyped and undocumented; everything that touches them is in this file. */
import { createRequire } from 'node:module';
import type { RequestListener } from 'node:http';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { closeServer, keepAliveSeconds, portOf } from './wire.ts';
import type { ServerKey } from './wire.ts';

export type StorageKind = 'blob' | 'table';

export interface AzuriteOptions {
  readonly kind: StorageKind;
  readonly account: string;
  readonly tls: ServerKey;
  /** A folder to keep data in; in memory when absent. */
  readonly folder?: string | undefined;
  /** Put before Azurite's own listener. */
  readonly wrap: (azurite: RequestListener) => RequestListener;
}

export interface Azurite {
  readonly port: number;
  /** Empties every table and container and leaves them in place. */
  clear(): void;
  /** Writes to disk what is not there yet. */
  close(): Promise<void>;
}

interface LokiCollection {
  readonly name: string;
  clear(): void;
}

interface AzuriteServer {
  readonly httpServer: Server;
  readonly accountDataStore: { getAccount(name: string): { readonly name: string; readonly key1: Buffer } | undefined };
  readonly metadataStore: { readonly db: { readonly collections: readonly LokiCollection[] } };
  start(): Promise<void>;
  close(): Promise<void>;
}

interface AzuriteConfiguration {
  hasCert(): number;
  getCert(): ServerKey;
}

type ConfigurationClass = new (...options: readonly unknown[]) => AzuriteConfiguration;
type ServerClass = new (configuration: AzuriteConfiguration) => AzuriteServer;

interface TelemetryClient {
  init(location: string, enabled: boolean): void;
}

type ChunkStoreClass = new (maximumBytes: number) => unknown;

interface AzuriteModules {
  readonly Servers: Readonly<Record<StorageKind, ServerClass>>;
  readonly Configurations: Readonly<Record<StorageKind, ConfigurationClass>>;
  readonly ChunkStore: ChunkStoreClass;
}

const pemCertificate = 1; // Azurite's CertOptions.PEM
const maximumMemoryBytes = 512 * 1024 * 1024;

/** Azurite requires its telemetry client at load: 150 ms, 14 MB and a way to phone home, for nothing. */
function leaveOutTelemetry(require: NodeJS.Require): void {
  const id = createRequire(require.resolve('azurite/dist/src/common/Telemetry.js')).resolve('applicationinsights');
  if (require.cache[id] !== undefined) return;
  const { Module } = require('node:module') as { Module: new (id: string) => NodeJS.Module };
  const empty = new Module(id);
  empty.loaded = true;
  require.cache[id] = empty;
}

/** Azurite looks for `/account/table` in the URLs inside a batch, and fails where the account is in the host name. */
function repairTransactions(require: NodeJS.Require): void {
  const { BatchSerialization } = require('azurite/dist/src/table/batch/BatchSerialization.js') as {
    BatchSerialization: { prototype: { extractPath(uri: string): RegExpMatchArray | null } };
  };
  BatchSerialization.prototype.extractPath = (uri) => /^https?:\/\/[^/]+\/(\w+)/.exec(uri);
}

let loaded: AzuriteModules | undefined;

/** Loads Azurite's code, which takes longer than starting it. */
export function loadAzurite(): AzuriteModules {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  leaveOutTelemetry(require);
  repairTransactions(require);
  // Untyped CommonJS: the casts state what the tests of this folder prove.
  const load = (path: string): Record<string, unknown> => require(`azurite/dist/src/${path}.js`) as Record<string, unknown>;
  (load('common/Telemetry')['AzuriteTelemetryClient'] as TelemetryClient).init('', false);
  loaded = {
    Servers: {
      table: load('table/TableServer')['default'] as ServerClass,
      blob: load('blob/BlobServer')['default'] as ServerClass,
    },
    Configurations: {
      table: load('table/TableConfiguration')['default'] as ConfigurationClass,
      blob: load('blob/BlobConfiguration')['default'] as ConfigurationClass,
    },
    ChunkStore: load('common/persistence/MemoryExtentStore')['MemoryExtentChunkStore'] as ChunkStoreClass,
  };
  return loaded;
}

/** Azurite's configurations take some twenty values by position. */
function configure({ kind, folder = '' }: AzuriteOptions): AzuriteConfiguration {
  const { Configurations, ChunkStore } = loadAzurite();
  const inMemory = folder === '';
  const at = (name: string): string => join(folder, name);
  const address = ['127.0.0.1', 0, keepAliveSeconds];
  const [off, none] = [false, undefined];
  // loose, skipApiVersionCheck (the SDKs are newer than Azurite), cert, key, password, oauth, disableProductStyleUrl
  const common = [false, true, '', '', '', 'basic', false];
  if (kind === 'table') {
    return new Configurations.table(...address, at('table.json'), off, off, none, none, ...common, inMemory);
  }
  const extents = [{ locationId: 'Default', locationPath: at('extents'), maxConcurrency: 10 }];
  const databases = [at('blob.json'), at('blob-extents.json'), extents];
  // Its own chunk store, since the default one is shared by all in the process and grows with them.
  const memory = inMemory ? new ChunkStore(maximumMemoryBytes) : none;
  return new Configurations.blob(...address, ...databases, off, none, off, none, ...common, inMemory, memory);
}

/** Starts one of Azurite's services, over https and with OAuth, for one account. */
export async function startAzurite(options: AzuriteOptions): Promise<Azurite> {
  const { kind, account, tls, wrap } = options;
  const configuration = configure(options);
  // Azurite wants certificate files; handing them over here keeps the key off the disk.
  configuration.hasCert = () => pemCertificate;
  configuration.getCert = () => tls;
  const server = new (loadAzurite().Servers[kind])(configuration);
  // Instead of the variable AZURITE_ACCOUNTS, which would be the whole process's. No one ever holds this key.
  const known = { name: account, key1: Buffer.alloc(32) };
  server.accountDataStore.getAccount = (name) => (name === account ? known : undefined);

  const own = server.httpServer.listeners('request') as RequestListener[];
  server.httpServer.removeAllListeners('request');
  server.httpServer.on(
    'request',
    wrap((request, response) => {
      // restify, in the same process, adds a `query` method to every IncomingMessage; the express inside Azurite takes it
      // for parsed query parameters and answers 400.
      Object.defineProperty(request, 'query', { value: undefined, writable: true, configurable: true, enumerable: true });
      for (const listener of own) listener(request, response);
    }),
  );
  await server.start();

  return {
    port: portOf(server.httpServer),
    clear: () => {
      const isContent = ({ name }: LokiCollection): boolean =>
        kind === 'table' ? !name.startsWith('$') : name === '$BLOBS_COLLECTION$' || name === '$BLOCKS_COLLECTION$';
      for (const collection of server.metadataStore.db.collections) if (isContent(collection)) collection.clear();
    },
    close: async () => {
      await closeServer(server.httpServer);
      await server.close();
    },
  };
}
