import { createHttpHeaders, createPipelineRequest, type HttpClient, type PipelineResponse } from '@azure/core-rest-pipeline';
import type { FilePlace } from '../bot/ports.ts';
import { StewardError } from '../errors.ts';
import { EgressError } from './egress.ts';

/** For the whole file, which is some hundred kilobytes at most. */
const UPLOAD_TIMEOUT_MS = 20_000;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export interface FileUploadOptions {
  /** Base URL of the tenant's OneDrive host. */
  readonly endpoint: string;
  /** An egress of its own, whose list is that host alone. */
  readonly httpClient: HttpClient;
}

/**
 * Files into people's OneDrive, to the address that Teams gave for one file. It is an upload session that the person opened
 * by accepting: no identity of ours takes part, and no token is sent.
 * https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4
 */
export class OneDriveFilePlace implements FilePlace {
  readonly #origin: string;
  readonly #httpClient: HttpClient;

  constructor({ endpoint, httpClient }: FileUploadOptions) {
    this.#origin = new URL(endpoint).origin;
    this.#httpClient = httpClient;
  }

  isItsAddress(url: string): boolean {
    // A backslash is a slash to some readers, and no address of OneDrive has one.
    if (!URL.canParse(url) || url.includes('\\')) return false;
    const { origin, password, protocol, username } = new URL(url);
    return protocol === 'https:' && origin === this.#origin && username === '' && password === '';
  }

  async put(uploadUrl: string, file: Uint8Array, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (!this.isItsAddress(uploadUrl)) throw new StewardError('SYSTEM_REFUSED', 'an upload address off the OneDrive host');
    const request = createPipelineRequest({
      url: uploadUrl,
      method: 'PUT',
      // In one piece, which an upload session takes up to 60 MiB of:
      // https://learn.microsoft.com/graph/api/driveitem-createuploadsession#upload-bytes-to-the-upload-session
      headers: createHttpHeaders({ 'Content-Range': `bytes 0-${file.byteLength - 1}/${file.byteLength}`, 'Content-Type': XLSX }),
      body: file,
      abortSignal: signal,
      timeout: UPLOAD_TIMEOUT_MS,
      disableKeepAlive: true,
    });
    let answer: PipelineResponse;
    try {
      answer = await this.#httpClient.sendRequest(request);
    } catch (error) {
      if (error instanceof EgressError && !error.sent) throw new StewardError('SYSTEM_UNAVAILABLE', 'OneDrive could not be reached', { cause: error });
      if (error instanceof StewardError) throw error;
      throw new StewardError('SYSTEM_OUTCOME_UNKNOWN', 'OneDrive gave no whole answer to an upload', { cause: error });
    }
    // 202 would say that more is expected: this was all.
    if (answer.status === 200 || answer.status === 201) return;
    throw new StewardError(answer.status >= 500 ? 'SYSTEM_OUTCOME_UNKNOWN' : 'SYSTEM_REFUSED', `OneDrive answered ${answer.status} to an upload`);
  }
}
