/** One cloud for all tests of this folder that only read or use names of their own. */
import { request } from 'node:https';
import type { Agent } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { startCloud } from '../../../sandbox/cloud.ts';
import type { Cloud, CloudOptions } from '../../../sandbox/cloud.ts';
import { readPermissions } from '../../../sandbox/permissions.ts';

export const emptyCompany = () => ({ people: [{ name: 'Ada' }], reset: () => undefined });

/** The committed permissions, and a robot that may read and write one secret of its own. */
export const permissions = (() => {
  const document = readPermissions();
  const { robot } = document.identities;
  const grant = (permission: string, name: string) => ({ system: 'vault', permission, scope: `secret ${name}` });
  const more = [grant('Key Vault Secrets Officer', 'rotated'), grant('Key Vault Secrets User', 'servicenow-password')];
  return { identities: { ...document.identities, robot: { ...robot, grants: [...robot.grants, ...more] } } };
})();

export const startTestCloud = (options: Partial<CloudOptions> = {}): Promise<Cloud> =>
  startCloud({ seed: 7, company: emptyCompany, permissions, ...options });

let shared: Promise<Cloud> | undefined;
after(async () => {
  await (await shared)?.stop();
});

export const sharedCloud = (): Promise<Cloud> => (shared ??= startTestCloud());

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

/** One request without any SDK. */
export const raw = (agent: Agent, url: string, options: { method?: string; headers?: Record<string, string>; body?: string; timeoutMs?: number } = {}): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, timeoutMs } = options;
    const outgoing = request(url, { agent, method, headers, ...(timeoutMs !== undefined && { signal: AbortSignal.timeout(timeoutMs) }) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json });
      });
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

/** `Authorization` for one identity and audience. */
export const bearer = async (cloud: Cloud, clientId: string, audience: string): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${(await cloud.credentialFor(clientId).getToken(`${audience}/.default`)).token}`,
});

/** The error that a promise rejects with. */
export const rejection = async (promise: Promise<unknown>): Promise<Error & { statusCode?: number; code?: string; details?: unknown }> =>
  promise.then(
    () => {
      throw new Error('resolved, but was expected to fail');
    },
    (error: unknown) => error as Error,
  );
