import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { revocable } from '../../../src/clients/credential.ts';
import type { SystemSettings } from '../../../src/clients/systems.ts';
import { StewardError } from '../../../src/errors.ts';
import { placesOf, systemsOf } from '../../../sandbox/systems.ts';
import { clientsOf, cloud, rejectsWith, sentOf } from './support.ts';

interface Printed {
  readonly prepared: string;
  readonly standing: string;
  readonly codes: Readonly<Record<string, string>>;
}

/** Runs clients with real managed identities, as in Azure; resolves with what they found. */
async function child(input: unknown, identity: { readonly endpoint: string; readonly header: string }): Promise<Printed> {
  const path = fileURLToPath(new URL('./revoked.child.ts', import.meta.url));
  const started = spawn(process.execPath, ['--import=tsx', path], { env: { PATH: process.env['PATH'], INPUT: JSON.stringify(input), IDENTITY_ENDPOINT: identity.endpoint, IDENTITY_HEADER: identity.header }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  started.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  started.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => started.once('close', resolve));
  assert.equal(code, 0, err);
  return JSON.parse(out) as Printed;
}

/** The identity endpoint of the sandbox, which answers for one identity as something else would. */
async function endpointThat(refuses: string, status: number, body: unknown): Promise<{ readonly url: string; close(): void }> {
  const { endpoints } = await cloud();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', endpoints.identity);
    const answer = (code: number, text: string): void => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(text);
    };
    if (url.searchParams.get('client_id') === refuses) {
      answer(status, JSON.stringify(body));
      return;
    }
    fetch(url, { headers: { 'x-identity-header': endpoints.identityHeader } })
      .then(async (real) => answer(real.status, await real.text()))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`, close: () => void server.close() };
}

/** What App Service says: Azure-Samples/azure-search-openai-demo issue 2148, with a shape as in MicrosoftDocs/azure-docs issue 43543. */
const NOT_OURS = { statusCode: 400, message: 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.', correlationId: 'c' };
/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const DISABLED = { error: 'unauthorized_client', error_description: "AADSTS7000112: Application 'x'(robot) is disabled." };

describe('a robot whose access was taken away', function () {
  this.timeout(60_000);

  const run = async (status: number, body: unknown): Promise<Printed> => {
    const running = await cloud();
    const { caPem, company, endpoints, identities, journal, tenantId } = running;
    const systems: SystemSettings = systemsOf(running, company);
    const identity = await endpointThat(identities.robot, status, body);
    journal.clear();
    const printed = await child({ endpoints: { ...endpoints, logic: placesOf(running) }, caPem, tenantId, identities, roleGroups: company.groups, systems }, { endpoint: identity.url, header: endpoints.identityHeader }).finally(() => identity.close());
    assert.deepEqual(sentOf(journal).filter((entry) => entry.identity === identities.robot && entry.service !== 'identity'), [], 'something was sent without the robot');
    return printed;
  };
  const all = (code: string) => ({ read: code, effect: code, ticket: code, sites: code, workflow: code });

  for (const [how, body] of [['is off the web app', NOT_OURS], ['is disabled in Entra', DISABLED]] as const) {
    it(`that ${how} is told apart: every system says so, nothing is sent, and Steward starts`, async () => {
      assert.deepEqual(await run(400, body), { prepared: 'done', standing: 'revoked', codes: all('ROBOT_REVOKED') });
    });
  }

  it('is not what an identity endpoint means that fails or asks for something else', async () => {
    const printed = await run(400, { statusCode: 400, message: 'AADSTS500011: The resource principal was not found in the tenant.', correlationId: 'c' });
    assert.deepEqual(printed, { prepared: 'done', standing: 'unknown', codes: all('SYSTEM_UNAVAILABLE') });
  });

  it('stands well while it gets tokens', async () => {
    const clients = await clientsOf();
    assert.equal(await clients.robotStanding(), 'ok');
    clients.close();
  });

  it('is known by the cause of an error, and every other error stays as it is', async () => {
    const failing = (error: Error) => revocable({ getToken: async () => Promise.reject(error) }).getToken('s');
    await rejectsWith(failing(new StewardError('SYSTEM_UNAVAILABLE', 'no token could be had', { cause: new Error('x', { cause: new Error('No MSI found for specified ClientId/ResourceId.') }) })), 'ROBOT_REVOKED');
    for (const error of [new Error('AADSTS7000112'.slice(0, -1)), new StewardError('SYSTEM_REFUSED', 'a service asked for a token of another tenant')]) {
      await assert.rejects(failing(error), (reason) => reason === error);
    }
  });
});
