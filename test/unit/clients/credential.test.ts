import assert from 'node:assert/strict';
import { guardedCredential } from '../../../src/clients/credential.ts';
import { handClock, rejectsWith } from './support.ts';

const SCOPE = 'https://graph.microsoft.com/.default';
const tenantId = 'tenant-1';

describe('credential', () => {
  it('asks once for callers that come together, and keeps the token', async () => {
    const clock = handClock();
    let asked = 0;
    const credential = guardedCredential(
      {
        getToken: async () => {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
          return { token: `t${asked}`, expiresOnTimestamp: clock.now().getTime() + 3_600_000 };
        },
      },
      { tenantId, clock },
    );
    const all = await Promise.all(Array.from({ length: 10 }, () => credential.getToken(SCOPE)));
    assert.deepEqual(new Set(all.map((token) => token?.token)), new Set(['t1']));
    await credential.getToken([SCOPE]);
    assert.equal(asked, 1);
    clock.advance(56 * 60_000);
    assert.equal((await credential.getToken(SCOPE))?.token, 't2');
  });

  it('uses a token that still holds when it cannot be renewed, and none that does not', async () => {
    const clock = handClock();
    let down = false;
    const credential = guardedCredential(
      { getToken: async () => { if (down) throw new Error('down'); return { token: 't', expiresOnTimestamp: clock.now().getTime() + 3_600_000 }; } },
      { tenantId, clock },
    );
    await credential.getToken(SCOPE);
    down = true;
    clock.advance(57 * 60_000);
    assert.equal((await credential.getToken(SCOPE))?.token, 't');
    clock.advance(3 * 60_000);
    await rejectsWith(credential.getToken(SCOPE), 'SYSTEM_UNAVAILABLE');
  });

  it('gives up on an endpoint that hangs, and asks again', async () => {
    let asked = 0;
    const credential = guardedCredential({ getToken: () => { asked += 1; return new Promise(() => undefined); } }, { tenantId, clock: handClock(), deadlineMs: 30 });
    await Promise.all([rejectsWith(credential.getToken(SCOPE), 'SYSTEM_UNAVAILABLE'), rejectsWith(credential.getToken(SCOPE), 'SYSTEM_UNAVAILABLE')]);
    assert.equal(asked, 1);
    await rejectsWith(credential.getToken(SCOPE), 'SYSTEM_UNAVAILABLE');
    assert.equal(asked, 2);
  });

  it('gives no token to a challenge that names another tenant', async () => {
    const credential = guardedCredential({ getToken: async () => ({ token: 't', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) }, { tenantId, clock: handClock() });
    await rejectsWith(credential.getToken(SCOPE, { tenantId: 'tenant-2' }), 'SYSTEM_REFUSED');
    assert.equal((await credential.getToken(SCOPE, { tenantId: 'TENANT-1' }))?.token, 't');
  });

  it('is not answered by a missing token', async () => {
    await rejectsWith(guardedCredential({ getToken: async () => null }, { tenantId, clock: handClock() }).getToken(SCOPE), 'SYSTEM_UNAVAILABLE');
  });
});
