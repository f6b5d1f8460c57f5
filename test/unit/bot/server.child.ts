/** Sends one body that says it is gzip to a server of its own, and tells whether the server is still there. */
import type { StewardAdapter } from '../../../src/bot/adapter.ts';
import { createServer } from '../../../src/bot/server.ts';

const server = createServer({
  adapter: { authenticate: async () => Promise.reject(new Error('no token')) } as unknown as StewardAdapter,
  tenantId: 't',
  isServiceUrlAllowed: () => true,
  isHealthy: () => true,
  onActivity: async () => ({ status: 200 }),
  onError: () => undefined,
});
const base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
const answer = await fetch(`${base}/api/messages`, { method: 'POST', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: Buffer.from(process.argv[2] ?? '', 'base64'), signal: AbortSignal.timeout(5_000) });
const health = await fetch(`${base}/health`);
process.stdout.write(`refused ${answer.status}, up ${health.status}\n`, () => process.exit(0));
