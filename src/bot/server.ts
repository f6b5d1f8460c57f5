import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Activity } from 'botbuilder';
import restify from 'restify';
import { checkActivity, tenantsOf, type CheckedActivity } from './activity.ts';
import type { StewardAdapter } from './adapter.ts';

/** No activity that a person can write is near this size. */
const MOST_BODY_BYTES = 256 * 1024;

/** What the front answers to the channel. */
export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** An activity whose token, shape and tenant were checked. */
export interface Arrival {
  readonly activity: Activity;
  readonly checked: CheckedActivity;
  readonly authenticated: Awaited<ReturnType<StewardAdapter['authenticate']>>;
}

export interface ServerSettings {
  readonly adapter: StewardAdapter;
  readonly tenantId: string;
  /** Whether replies may be sent there: the connector's own hosts in production. */
  readonly isServiceUrlAllowed: (serviceUrl: string) => boolean;
  readonly onActivity: (arrival: Arrival) => Promise<HttpAnswer>;
  /** False once this instance can no longer act, so that the platform starts another. */
  readonly isHealthy: () => boolean;
  /** Told about what should not happen; must not throw. */
  readonly onError: (error: unknown) => void;
}

export interface HttpServer {
  /** Resolves to the port. Fails when it is taken. */
  listen(port: number, host: string): Promise<number>;
  /** Takes nothing new and resolves when running requests are answered. */
  close(): Promise<void>;
}

/**
 * The HTTP surface: one route for the channel and one for health checks. Everything that is wrong with a request is a
 * 4xx with a sentence; CloudAdapter's own `process` answers 500 to a bad signature (botbuilder 4.23.3), so it is not used.
 */
export function createServer(settings: ServerSettings): HttpServer {
  const server = restify.createServer({ name: 'steward' });
  // Refused before a byte is read. restify inflates without a bound and lets the inflater's error end the process; its
  // multipart parser writes uploads to the disk (12.0.0). The channel sends neither.
  server.pre((request, response, next) => {
    const problem = unreadable(request.method ?? '', request.headers);
    if (problem === undefined) return next();
    response.send(problem.status, problem.body);
    return next(false);
  });
  // It hands its options to restify's body reader, which the type does not say.
  const parsing = { maxBodySize: MOST_BODY_BYTES, mapParams: false };
  server.use(restify.plugins.jsonBodyParser(parsing));
  server.get('/health', async (_request, response) => {
    response.send(settings.isHealthy() ? 200 : 503, { status: settings.isHealthy() ? 'up' : 'down' });
  });
  server.post('/api/messages', async (request, response) => {
    const answer = await receive(settings, request.body as unknown, request.headers.authorization ?? '');
    if (answer.body === undefined) response.send(answer.status);
    else response.send(answer.status, answer.body);
  });
  server.on('restifyError', (_request: unknown, _response: unknown, error: { statusCode?: number }, next: () => void) => {
    if ((error.statusCode ?? 500) >= 500) settings.onError(error);
    next();
  });
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        // restify passes the error of its http server on; without a listener it ends the process.
        server.once('error', reject);
        server.listen(port, host, () => {
          resolve((server.server.address() as AddressInfo).port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        // Idle keep-alive connections would hold the close for minutes.
        server.server.closeIdleConnections();
      }),
  };
}

async function receive(settings: ServerSettings, body: unknown, authorization: string): Promise<HttpAnswer> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || Buffer.isBuffer(body) || Object.keys(body).length === 0) return refusal(400, 'the body must be one activity as a JSON object');
  // Authentication reads serviceUrl and channelId of the activity and nothing else; its shape is checked next.
  const activity = body as Activity;
  let authenticated: Arrival['authenticated'];
  try {
    authenticated = await settings.adapter.authenticate(activity, authorization);
  } catch (error) {
    if (isOutage(error)) return refusal(503, 'the signing keys of the channel could not be read; try again');
    return refusal(401, 'the token is missing or not valid for this bot');
  }
  const checked = checkActivity(body);
  if ('problem' in checked) return refusal(400, checked.problem);
  const tenants = tenantsOf(checked.checked);
  if (tenants.length === 0 || tenants.some((tenant) => tenant !== settings.tenantId)) return refusal(403, 'this deployment serves one tenant, and this is another');
  if (!settings.isServiceUrlAllowed(checked.checked.serviceUrl)) return refusal(403, 'replies to this serviceUrl are not allowed');
  try {
    return await settings.onActivity({ activity, checked: checked.checked, authenticated });
  } catch (error) {
    settings.onError(error);
    // The channel sends it again; a redelivery is recognised by its id.
    return refusal(503, 'the activity could not be taken; try again');
  }
}

/** Why a request is not worth reading, if it is not. */
function unreadable(method: string, headers: IncomingHttpHeaders): HttpAnswer | undefined {
  if (method !== 'POST') return undefined;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return refusal(415, 'compressed bodies are not taken');
  if (!/^application\/json\b/i.test(headers['content-type'] ?? 'application/json')) return refusal(415, 'the body must be application/json');
  return undefined;
}

function refusal(status: number, message: string): HttpAnswer {
  return { status, body: { error: { message } } };
}

/** A failure to fetch the channel's keys is not a bad token. */
function isOutage(error: unknown): boolean {
  const { name, code, statusCode } = error as { name?: unknown; code?: unknown; statusCode?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 500) return true;
  return name === 'FetchError' || (typeof code === 'string' && /^E(?:CONN|NOTFOUND|TIMEDOUT|AI_AGAIN)/.test(code));
}
