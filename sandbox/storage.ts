/** Azure Storage: Azurite behind the checks that it leaves out, namely signatures and roles. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { startAzurite } from './azurite.ts';
import type { StorageKind } from './azurite.ts';
import type { Faults } from './faults.ts';
import { playFault } from './fault-play.ts';
import type { ErrorAnswer } from './fault-play.ts';
import type { TokenIdentity } from './http.ts';
import type { Issuer } from './issuer.ts';
import type { Journal } from './journal.ts';
import type { Permissions } from './permissions.ts';
import { send, urlOf } from './wire.ts';
import type { ServerKey } from './wire.ts';

export interface StorageOptions {
  readonly tls: ServerKey;
  readonly tenantId: string;
  readonly issuer: Issuer;
  readonly permissions: Permissions;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly dataDir?: string | undefined;
}

export interface Storage {
  readonly tables: string;
  readonly blobs: string;
  /** Containers under legal hold, by name: nothing in them is deleted or overwritten, and their properties say so. */
  readonly legalHolds: Set<string>;
  /** Empties every table and container and leaves them in place. */
  clear(): void;
  close(): Promise<void>;
}

const account = 'stewardsandbox';
const audience = 'https://storage.azure.com';
const bodyBytesKept = 64 * 1024;

const roles: Readonly<Record<StorageKind, string>> = { blob: 'Storage Blob Data Contributor', table: 'Storage Table Data Contributor' };

/** A blob of the container for checkpoints. https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview */
const isImmutable = (path: string): boolean => new RegExp(`^/(?:${account}/)?anchors/.`).test(path);

/** The container of a path. */
const containerOf = (path: string): string => new RegExp(`^/(?:${account}/)?([^/]+)`).exec(path)?.[1] ?? '';

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Blob errors are XML, table errors are OData JSON; both name the code in a header too. */
const errorOf =
  (kind: StorageKind): ErrorAnswer =>
  (_status, code, message) => {
    const requestId = randomUUID();
    const text = `${message}\nRequestId:${requestId}\nTime:${new Date().toISOString()}`;
    const headers = { 'x-ms-error-code': code, 'x-ms-request-id': requestId };
    return kind === 'table'
      ? {
          headers: { ...headers, 'content-type': 'application/json' },
          body: { 'odata.error': { code, message: { lang: 'en-US', value: text } } },
        }
      : {
          headers: { ...headers, 'content-type': 'application/xml' },
          body:
            '<?xml version="1.0" encoding="utf-8"?>' +
            `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(text)}</Message></Error>`,
        };
  };

/** Listens in on a body that Azurite reads; attaching a listener of our own would start the flow before it is ready. */
function overhear(request: IncomingMessage): () => { readonly text: string; readonly bytes: number } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const emit = request.emit.bind(request) as (event: string | symbol, ...values: unknown[]) => boolean;
  request.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    const [chunk] = values;
    if (event === 'data' && Buffer.isBuffer(chunk)) {
      if (bytes < bodyBytesKept) chunks.push(chunk);
      bytes += chunk.length;
    }
    return emit(event, ...values);
  };
  return () => ({ text: Buffer.concat(chunks).toString('utf8', 0, bodyBytesKept), bytes });
}

const parseOrText = (text: string): unknown => {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text; // a $batch, or longer than what is kept
  }
};

/** Starts blobs and tables of one account, under the host names that production uses. */
export async function startStorage(options: StorageOptions): Promise<Storage> {
  const { tls, tenantId, issuer, permissions, journal, faults, dataDir } = options;
  const legalHolds = new Set<string>();
  const start = async (kind: StorageKind) => {
    const folder = dataDir === undefined ? undefined : join(dataDir, kind);
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    return startAzurite({ kind, account, tls, folder, wrap: (azurite) => guard(kind, azurite) });
  };

  const guard = (kind: StorageKind, azurite: RequestListener): RequestListener => {
    const error = errorOf(kind);
    const authority = `https://login.microsoftonline.com/${tenantId}/oauth2/authorize`;
    const challenge = `Bearer authorization_uri=${authority} resource_id=${audience}`;

    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { method = 'GET' } = request;
      const url = urlOf(request, 'https') ?? new URL('https://127.0.0.1/');
      const body = kind === 'table' ? overhear(request) : undefined;
      const caller: { identity?: TokenIdentity } = {};
      let recorded = false;
      const record = (status: number): void => {
        if (recorded) return;
        recorded = true;
        const { text, bytes } = body?.() ?? { text: '', bytes: 0 };
        journal.record({ service: 'storage', method, url, ...caller, status, body: parseOrText(text), bodyBytes: bytes });
      };
      const refuse = (status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): void => {
        record(status);
        const answer = error(status, code, message);
        send(response, { status, headers: { ...answer.headers, ...headers }, body: answer.body });
      };

      const verdict = await issuer.verify(request.headers.authorization, audience);
      if ('problem' in verdict) {
        const code = request.headers.authorization === undefined ? 'NoAuthenticationInformation' : 'InvalidAuthenticationInfo';
        refuse(401, code, `Server failed to authenticate the request: ${verdict.problem}.`, { 'www-authenticate': challenge });
        return;
      }
      caller.identity = verdict.identity;

      const fault = faults.take('storage', method, url.pathname);
      if (fault !== undefined && (await playFault(fault, response, error, record))) return;

      if (!permissions.permissionsOn('storage', verdict.identity.clientId).has(roles[kind])) {
        const message = 'This request is not authorized to perform this operation using this permission.';
        refuse(403, 'AuthorizationPermissionMismatch', message);
        return;
      }

      // The container has an immutability policy: what is written there stays. Steward writes nothing but new blobs.
      if (kind === 'blob' && isImmutable(url.pathname) && (method === 'DELETE' || (method === 'PUT' && request.headers['if-none-match'] !== '*'))) {
        refuse(409, 'BlobImmutableDueToPolicy', 'This operation is not permitted as the blob is immutable due to a policy.');
        return;
      }

      // https://learn.microsoft.com/azure/storage/blobs/immutable-legal-hold-overview
      if (kind === 'blob' && legalHolds.has(containerOf(url.pathname))) {
        if (method === 'DELETE' || (method === 'PUT' && request.headers['if-none-match'] !== '*' && url.searchParams.get('comp') !== 'appendblock')) {
          refuse(409, 'BlobImmutableDueToLegalHold', 'This operation is not permitted as the blob is immutable due to a legal hold.');
          return;
        }
        const set = response.setHeader.bind(response);
        response.setHeader = (name, value) => set(name, name.toLowerCase() === 'x-ms-has-legal-hold' ? 'true' : value);
      }

      // At `end` the status is final, and the client has not seen it yet.
      const end = response.end.bind(response) as (...values: unknown[]) => ServerResponse;
      response.end = (...values: unknown[]): ServerResponse => {
        record(response.statusCode);
        return end(...values);
      };
      response.once('close', () => record(0));
      azurite(request, response);
    };

    return (request, response) => {
      handle(request, response).catch((problem: unknown) => {
        process.stderr.write(`sandbox: storage: ${String(problem)}\n`);
        send(response, { status: 500, ...error(500, 'InternalError', 'The sandbox failed on this request.') });
      });
    };
  };

  const [tables, blobs] = await Promise.all([start('table'), start('blob')]);
  return {
    tables: `https://${account}.table.core.windows.net:${tables.port}`,
    blobs: `https://${account}.blob.core.windows.net:${blobs.port}`,
    legalHolds,
    clear: () => {
      tables.clear();
      blobs.clear();
    },
    close: async () => {
      await Promise.all([tables.close(), blobs.close()]);
    },
  };
}
