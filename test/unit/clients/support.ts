/** What the tests of this folder share: one sandbox cloud, small servers that misbehave, a clock that stands still. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { startCloud } from '../../../sandbox/cloud.ts';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { createCompany } from '../../../sandbox/company/company.ts';
import type { Company } from '../../../sandbox/company/company.ts';
import { createGraphService } from '../../../sandbox/graph/graph.ts';
import type { JournalEntry } from '../../../sandbox/journal.ts';
import { createServiceNowService } from '../../../sandbox/servicenow/servicenow.ts';
import { createCertificates } from '../../../sandbox/tls.ts';
import { InternalId } from '../../../src/actions/internal-id.ts';
import { systemClock } from '../../../src/clients/clock.ts';
import { createClients, type Clients, type ClientOptions } from '../../../src/clients/create-clients.ts';
import { createEgress } from '../../../src/clients/egress.ts';
import { ensureTables, openTables, type Tables } from '../../../src/clients/tables.ts';
import type { Clock } from '../../../src/clock.ts';
import { StewardError, type StewardErrorCode } from '../../../src/errors.ts';

export const SEED = 7;

export interface TestCloud extends Omit<Cloud, 'company'> {
  readonly company: Company;
}

let shared: Promise<TestCloud> | undefined;

/** Started once for all tests of this folder; each uses names of its own. */
export function cloud(): Promise<TestCloud> {
  shared ??= (async () => {
    let company: Company | undefined;
    const started = await startCloud<ReturnType<typeof asSandboxCompany>>({
      seed: SEED,
      company: (seed, tenantId) => {
        company = createCompany(seed, tenantId);
        return asSandboxCompany(company);
      },
      graph: ({ company: { whole }, graphGrants, tenantId }) => createGraphService({ company: whole, grants: graphGrants, tenantId }),
      servicenow: ({ company: { whole }, seed, servicenowPassword, servicenowUser, tenantId }) => createServiceNowService({ company: whole, seed, tenantId, user: servicenowUser, password: servicenowPassword }),
    });
    assert(company);
    return { ...started, company };
  })();
  return shared;
}

function asSandboxCompany(whole: Company) {
  return { whole, people: [], reset: () => { whole.reset(); } };
}

after(async () => {
  await (await shared)?.stop();
});

/** Clients against the shared cloud. */
export async function clientsOf(changes: Partial<ClientOptions> = {}): Promise<Clients> {
  const { endpoints, agent, tenantId, identities, company, credentialFor } = await cloud();
  return createClients({
    endpoints,
    agent,
    tenantId,
    identities,
    roleGroups: company.groups,
    model: { deployment: 'sandbox', name: 'gpt-4.1' },
    clock: systemClock,
    instance: randomUUID(),
    credentialFor,
    ...changes,
  });
}

/** The keeper's tables. Two calls are two instances: nothing is shared in the process. */
export async function tablesOf(): Promise<Tables> {
  const { endpoints, agent, identities, credentialFor } = await cloud();
  const { httpClient } = createEgress({ allow: [endpoints.tables], agent });
  const tables = openTables({ endpoint: endpoints.tables, credential: credentialFor(identities.keeper), httpClient });
  await ensureTables(tables);
  return tables;
}

export async function rejectsWith(promise: Promise<unknown>, code: StewardErrorCode): Promise<StewardError> {
  const error = await promise.then(
    () => assert.fail(`resolved, but was expected to fail with ${code}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof StewardError, `not a StewardError: ${String(error)}`);
  assert.equal(error.code, code);
  return error;
}

/** Waits for what happens behind a call. */
export async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    assert(performance.now() < deadlineMs, 'it did not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface HandClock extends Clock {
  advance(ms: number): void;
}

export function handClock(startMs = Date.parse('2026-11-22T10:00:00Z')): HandClock {
  let passedMs = 0;
  return { now: () => new Date(startMs + passedMs), monotonicMs: () => passedMs, advance: (ms) => (passedMs += ms) };
}

/** What was asked of systems other than storage, to which stores that an earlier test left still write now and then. */
export function sentOf(journal: Pick<Cloud['journal'], 'entries'>): readonly JournalEntry[] {
  return journal.entries().filter(({ service }) => service !== 'storage');
}

export const never = new AbortController().signal;
export const newId = (): InternalId => new InternalId(randomUUID());

export interface Server {
  readonly url: string;
  readonly agent: Agent;
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[];
}

let certificates: ReturnType<typeof createCertificates> | undefined;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server over TLS that answers as it is told. */
export async function serve(handle: (request: IncomingMessage, response: ServerResponse, body: string) => void): Promise<Server> {
  const { caPem, key, cert } = await (certificates ??= createCertificates());
  const requests: Server['requests'] = [];
  const server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  const agent = new Agent({ keepAlive: true, ca: caPem, lookup });
  closing.push(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://graph.microsoft.com:${(server.address() as AddressInfo).port}`, agent, requests };
}

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'r-1', ...headers }).end(JSON.stringify(body));
};

export const tokens = { getToken: async () => ({ token: 'a-token', expiresOnTimestamp: Date.now() + 3_600_000 }) };
