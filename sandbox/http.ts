/** What every emulated service is made of: a pure handler for one method and path. */

/** The caller, read from a verified bearer token. */
export interface TokenIdentity {
  /** Client id (`appid` claim) of the managed identity that asked for the token. */
  readonly clientId: string;
  readonly audience: string;
}

export interface SandboxRequest {
  readonly method: string;
  /** Path and query as received; parse with `url.searchParams`, never by string (SDKs send `api%2Dversion`). */
  readonly url: URL;
  /** Values of the `:name` segments of the handler's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body, or undefined. */
  readonly body: unknown;
  /** Absent when no valid token came. */
  readonly identity?: TokenIdentity;
  /** A quirk in force that only the service itself can act out; see `quirks` in faults.ts. */
  readonly quirk?: string;
}

export interface SandboxResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is a string (sent as is). */
  readonly body?: unknown;
  /** True when the request changed something outside Steward; the journal shows it. */
  readonly effect?: boolean;
}

export interface Handler {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments separated by `/`; `:name` matches one segment. Matching ignores case, as Microsoft Graph does. */
  readonly path: string;
  handle(request: SandboxRequest): SandboxResponse | Promise<SandboxResponse>;
}

/** One emulated service: its handlers and the shape of its errors. */
export interface Service {
  readonly name: ServiceName;
  readonly handlers: readonly Handler[];
  /** Audience that its tokens must carry; undefined for services without bearer tokens. */
  readonly audience?: string;
  /** The service's own error body, for unknown routes, bad tokens and injected faults. */
  error(status: number, code: string, message: string): unknown;
  /** How it refuses a missing (undefined) or a bad `Authorization` header, where that is not plain. */
  challenge?(authorization: string | undefined): Refusal;
  /** What it keeps, as at the start. */
  reset?(): void;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export const serviceNames = ['identity', 'vault', 'graph', 'servicenow', 'arm', 'logic', 'openai', 'storage'] as const;
export type ServiceName = (typeof serviceNames)[number];
