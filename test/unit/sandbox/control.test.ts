import assert from 'node:assert/strict';
import { request } from 'node:http';
import { decodeProtectedHeader } from 'jose';
import type { Cloud } from '../../../sandbox/cloud.ts';
import { startTestCloud } from './shared-cloud.ts';

describe('sandbox control server', function () {
  let cloud: Cloud;
  before(async () => {
    cloud = await startTestCloud();
  });
  after(() => cloud.stop());

  const call = async (path: string, body?: unknown) => {
    const answer = await fetch(cloud.endpoints.control + path, body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
    return { status: answer.status, json: (await answer.json()) };
  };

  it('lists itself, the people and the journal', async () => {
    assert.equal((await call('/')).status, 200);
    assert.deepEqual(await call('/people'), { status: 200, json: [{ name: 'Ada' }] });
    await fetch(cloud.endpoints.identity);
    const all = (await call('/journal')).json as { index: number; service: string }[];
    assert.equal(all.at(-1)?.service, 'identity');
    assert.deepEqual((await call(`/journal?since=${(all.at(-1)?.index ?? 0) + 1}`)).json, []);
    assert.deepEqual((await call('/journal?service=graph&effect=true')).json, []);
  });

  it('takes faults and tokens, and says what is wrong with bad ones', async () => {
    assert.equal((await call('/faults', { service: 'identity', kind: 'status', status: 500, times: 1 })).status, 200);
    assert.equal((await fetch(cloud.endpoints.identity)).status, 500);
    assert.deepEqual((await call('/faults')).json, { faults: [] });
    const { json } = await call('/token', { kind: 'hs256', serviceUrl: 'http://127.0.0.1:1/' });
    assert.equal(decodeProtectedHeader((json as { token: string }).token).alg, 'HS256');
    const bad = [
      ['/faults', { service: 'identity' }, /kind/],
      ['/faults', 'not json', /JSON/],
      ['/token', { kind: 'golden' }, /`kind`/],
      ['/token', [], /`body`/],
    ] as const;
    for (const [path, body, message] of bad) {
      const answer = await call(path, body);
      assert.equal(answer.status, 400, path);
      assert.match((answer.json as { error: string }).error, message);
    }
    assert.equal((await call('/journal?since=x')).status, 400);
    assert.equal((await call('/journal?service=graf')).status, 400);
    assert.equal((await call('/nothing')).status, 404);
    assert.equal((await call('/people', {})).status, 405);
  });

  it('takes every quirk and hostile answer, lists them, and clears them', async () => {
    const { routes } = (await call('/')).json as { routes: { path: string; does: string }[] };
    const faultRoutes = routes.filter(({ path }) => path === '/faults').map(({ does }) => does).join();
    for (const kind of ['slow', 'huge', 'html', 'redirect', 'quirk', 'stale-read', 'empty-is-404']) assert.match(faultRoutes, new RegExp(`\\b${kind}\\b`));
    assert.equal((await call('/faults', { service: 'arm', kind: 'quirk', quirk: 'throttle-silent' })).status, 200);
    assert.equal((await call('/faults', { service: 'logic', kind: 'redirect' })).status, 200);
    assert.deepEqual((await call('/faults', { clear: true })).json, { faults: [] });
    assert.equal((await call('/faults', { service: 'openai', kind: 'quirk', quirk: 'stale-read' })).status, 400);
    assert.equal((await call('/journal?service=logic')).status, 200);
  });

  it('resets', async () => {
    let calls = 0;
    cloud.onReset(() => void (calls += 1));
    assert.deepEqual(await call('/reset', {}), { status: 200, json: { reset: true } });
    assert.equal(calls, 1);
    assert.deepEqual((await call('/journal')).json, []);
  });

  it('answers no page in a browser and no name that is not loopback', async () => {
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(`${cloud.endpoints.control}/people`, { headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
    assert.equal(await status({ host: 'evil.example' }), 403);
    assert.equal(await status({ origin: 'https://evil.example' }), 403);
    assert.equal(await status({ origin: 'null' }), 403);
    assert.equal(await status({ origin: 'http://localhost:56150' }), 200);
  });
});
