/**
 * Forwards chat completions to a real endpoint, Azure-OpenAI- or OpenAI-compatible, so that somebody with a local model
 * server or a deployment can try their own reasoner. What comes back is passed on as it is, hostile or not.
 */
import type { SandboxResponse } from '../http.ts';
import { azureError } from './wire-error.ts';
import { responseHeaders } from './wire.ts';
import { isRecord } from './tools.ts';

export interface RelayOptions {
  readonly url: string;
  /** Name of the model or deployment; the caller's own deployment name when absent. */
  readonly name?: string;
  readonly key?: string;
}

export interface Relay {
  forward(body: unknown): Promise<SandboxResponse>;
}

export interface RelayLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const API_VERSION = '2024-10-21';
const LIMITS: RelayLimits = { timeoutMs: 120_000, maxBytes: 16 * 1024 * 1024 };

interface Candidate {
  readonly url: string;
  readonly style: 'azure' | 'openai';
}

/** Throws with one plain sentence when the URL cannot be used. */
export function createRelay(options: RelayOptions, deployment: string, limits: RelayLimits = LIMITS): Relay {
  const name = options.name ?? deployment;
  let candidates = candidatesFor(options.url, name);
  return {
    forward: async (body) => {
      const signal = AbortSignal.timeout(limits.timeoutMs);
      let answer: SandboxResponse | undefined;
      for (const [index, candidate] of candidates.entries()) {
        const last = index === candidates.length - 1;
        const attempt = await send(candidate, body, name, options.key, signal, limits);
        if (!last && (attempt.status === 404 || attempt.status === 405)) {
          answer ??= attempt;
          continue;
        }
        // What worked is remembered; a 404 of the last one is no proof of anything.
        if (!attempt.unreachable && attempt.status !== 404 && attempt.status !== 405) candidates = [candidate];
        return attempt.response;
      }
      return answer ?? unreachable('there was nothing to try');
    },
  };
}

/** Where to send, in the order to try. */
export function candidatesFor(address: string, name: string): readonly Candidate[] {
  const url = parseAddress(address);
  const path = url.pathname.replace(/\/+$/u, '');
  const azureUrl = (base: string): string => withPath(url, `${base}/openai/deployments/${encodeURIComponent(name)}/chat/completions`, true);
  if (path.toLowerCase().endsWith('/chat/completions')) {
    // Used as is; only the style of the key follows from the path.
    return [{ url: url.href, style: path.includes('/openai/deployments/') ? 'azure' : 'openai' }];
  }
  if (`${path}/`.includes('/openai/deployments/')) {
    const deployment = /\/openai\/deployments\/([^/]+)/u.exec(path)?.[1];
    return [{ url: deployment === undefined ? azureUrl(path.slice(0, `${path}/`.indexOf('/openai/deployments/'))) : withPath(url, `${path}/chat/completions`, true), style: 'azure' }];
  }
  if (path !== '') return [{ url: withPath(url, `${path}/chat/completions`, false), style: 'openai' }];
  if (url.hostname.endsWith('.openai.azure.com')) return [{ url: azureUrl(''), style: 'azure' }];
  return [
    { url: azureUrl(''), style: 'azure' },
    { url: withPath(url, '/v1/chat/completions', false), style: 'openai' },
    { url: withPath(url, '/chat/completions', false), style: 'openai' },
  ];
}

function parseAddress(address: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error(`the model address is not a URL: \`${address}\``);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`the model address must be http or https, not \`${url.protocol}\``);
  if (url.username !== '' || url.password !== '') throw new Error('the model address must not contain a user name or password; give the key by the name of a variable');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new Error(`plain http is allowed for a model on this machine only; use https for \`${url.host}\``);
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(hostname);
}

function withPath(base: URL, path: string, azure: boolean): string {
  const url = new URL(base);
  url.pathname = path;
  url.hash = '';
  if (azure && !url.searchParams.has('api-version')) url.searchParams.set('api-version', API_VERSION);
  return url.href;
}

interface Attempt {
  readonly status: number;
  readonly unreachable: boolean;
  readonly response: SandboxResponse;
}

async function send(candidate: Candidate, body: unknown, name: string, key: string | undefined, signal: AbortSignal, limits: RelayLimits): Promise<Attempt> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (key !== undefined && candidate.style === 'azure') headers['api-key'] = key;
  if (key !== undefined && candidate.style === 'openai') headers['authorization'] = `Bearer ${key}`;
  try {
    const answer = await fetch(candidate.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(isRecord(body) ? { ...body, model: name } : body),
      // A redirect could carry the key to another host.
      redirect: 'manual',
      signal,
    });
    const text = await readCapped(answer, limits.maxBytes);
    if (text === undefined) return failure(`the model's answer is larger than ${String(limits.maxBytes)} bytes`);
    return { status: answer.status, unreachable: false, response: { status: answer.status, headers: passedOn(answer.headers), body: text } };
  } catch (error) {
    const late = signal.aborted;
    return failure(late ? `the model did not answer within ${String(limits.timeoutMs / 1000)} seconds` : `the model at ${new URL(candidate.url).host} cannot be reached (${reasonOf(error)})`);
  }
}

function failure(message: string): Attempt {
  return { status: 502, unreachable: true, response: unreachable(message) };
}

function unreachable(message: string): SandboxResponse {
  return { status: 502, headers: responseHeaders(), body: azureError('BadGateway', message) };
}

/** A code such as ECONNREFUSED, never a message: those may quote the request. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return isRecord(cause) && typeof cause['code'] === 'string' ? cause['code'] : 'network failure';
}

/** The text of the answer, or undefined when it is larger than the cap; reading stops there. */
async function readCapped(answer: Response, maxBytes: number): Promise<string | undefined> {
  if (answer.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> = answer.body;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const PASSED_ON: ReadonlySet<string> = new Set(['content-type', 'retry-after', 'retry-after-ms', 'x-ratelimit-remaining-requests', 'x-ratelimit-remaining-tokens', 'x-request-id', 'apim-request-id', 'x-ms-region']);

function passedOn(headers: Headers): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].filter(([name]) => PASSED_ON.has(name)));
}
