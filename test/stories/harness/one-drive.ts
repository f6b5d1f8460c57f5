/** Where Teams lets a bot put files: a server that takes uploads under the name of the tenant's OneDrive host. */
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCertificates } from '../../../sandbox/tls.ts';

const HOST = 'haldenworks-my.sharepoint.com';

/** One request, as it came. */
export interface Upload {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly authorization: string | undefined;
  readonly range: string;
  readonly body: Buffer;
}

/** What `fileConsent/invoke` brings when somebody accepts: learn.microsoft.com, “Send and receive files using bots”. */
export interface UploadInfo {
  readonly contentUrl: string;
  readonly name: string;
  readonly uploadUrl: string;
  readonly uniqueId: string;
  readonly fileType: string;
}

export class OneDrive {
  readonly endpoint: string;
  readonly caPem: string;
  readonly #server: Server;
  #uploads: Upload[] = [];
  #status = 201;

  private constructor(server: Server, caPem: string) {
    this.#server = server;
    this.caPem = caPem;
    this.endpoint = `https://${HOST}:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers, method = '', url = '' } = request;
        this.#uploads.push({ method, path: url, host: headers.host ?? '', authorization: headers.authorization, range: headers['content-range'] ?? '', body: Buffer.concat(chunks) });
        // A status of 0: the answer is lost.
        if (this.#status === 0) response.destroy();
        else {
          // Not chained: restify's patch of `writeHead` gives nothing back (12.0.0).
          response.writeHead(this.#status, { 'content-type': 'application/json' });
          response.end('{}');
        }
      });
    });
  }

  static async start(): Promise<OneDrive> {
    const { caPem, cert, key } = await createCertificates([HOST, '*.sharepoint.com'], 'OneDrive CA');
    const server = createServer({ key, cert });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new OneDrive(server, caPem);
  }

  get uploads(): readonly Upload[] {
    return this.#uploads;
  }

  /** Answers every upload like this from now on. */
  answer(status: number): void {
    this.#status = status;
  }

  forget(): void {
    this.#uploads = [];
    this.#status = 201;
  }

  infoFor(name: string, changes: Partial<UploadInfo> = {}): UploadInfo {
    const folder = `${this.endpoint}/personal/somebody_haldenworks_example`;
    return { name, contentUrl: `${folder}/Documents/Applications/${encodeURIComponent(name)}`, uploadUrl: `${folder}/_api/v2.0/drive/items/01ABC/uploadSession?guid='1'&overwrite=True`, uniqueId: '1150D938-8870-4044-9F2C-5BBDEBA70C8C', fileType: 'xlsx', ...changes };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
