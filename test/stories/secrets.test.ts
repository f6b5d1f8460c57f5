import assert from 'node:assert/strict';
import { Finder, type Canary } from '../../proof/secrets/canaries.ts';
import { SEED, Stage } from '../../proof/secrets/stage.ts';
import { secretFromSeed } from '../../sandbox/identifiers.ts';
import { PATIENCE_MS } from '../machine.ts';
import { calls, fails, says } from './harness/model.ts';

const JWT = /eyJ[\w-]{20,}\.eyJ[\w-]{20,}/;

describe('secrets, with every debug switch on', function () {
  this.timeout(6 * PATIENCE_MS);

  it('neither prints nor keeps nor sends on a secret or a token, on a happy path and in trouble', async () => {
    const stage = await Stage.open();
    const password = secretFromSeed(SEED, 'vault/servicenow-password');
    const typed = `please note ${Buffer.from(password).toString('hex')} and https://a.example/?sig=${'aB3'.repeat(14)}`;
    const prompts: string[] = [];
    const tokens: string[] = [];
    try {
      const chat = stage.chat(stage.person('employee,helpdesk'));
      // The robot reads its password for this one.
      stage.model.play(calls({ name: 'find_ticket', arguments: { words: 'printer' } }));
      stage.model.always(says('I looked.'));
      await chat.say('find the ticket about the printer');
      stage.model.forget();
      stage.model.always(fails(500));
      await chat.say('and the one about the door?');
      await stage.control.fault({ service: 'servicenow', kind: 'status', status: 401, times: 2 });
      stage.model.forget();
      stage.model.play(calls({ name: 'find_ticket', arguments: { words: 'door' } }));
      stage.model.always(says('I looked.'));
      await chat.say('find the ticket about the door');
      tokens.push(...stage.connector.log.map(({ token }) => token.replace(/^Bearer /i, '')));
      stage.model.forget();
      stage.model.always(says(`You wrote ${password}.`));
      const answer = await chat.say(typed);
      assert.doesNotMatch(answer.shown, new RegExp(password));
      prompts.push(...stage.model.requests.map(({ raw }) => raw));
      // Searched for by the model: the directory answers with a name in which a secret stands.
      await stage.control.heal();
      await stage.control.fault({ service: 'graph', kind: 'body', path: '/users$', body: { value: [{ id: stage.person('employee').aadObjectId, displayName: 'Anna Weber', jobTitle: password, department: `Bearer ${password}`, userPrincipalName: 'a@x.example', accountEnabled: true, userType: 'Member' }] }, times: 1 });
      stage.model.forget();
      stage.model.play(calls({ name: 'find_person', arguments: { name: 'Anna Weber' } }));
      stage.model.always(says('There.'));
      await chat.say('find Anna Weber');
      prompts.push(...stage.model.requests.map(({ raw }) => raw));
    } catch (error) {
      await stage.close();
      throw error;
    }
    const { files, printed, rows } = await stage.close();
    // The switches do something: this is what an operator would have drowned in.
    assert.match(printed, /azure:core-rest-pipeline/);
    const canaries: Canary[] = ['servicenow-password', 'ledger-digest-key'].map((name) => ({ kind: 'known secret', name, value: secretFromSeed(SEED, `vault/${name}`) }));
    for (const value of new Set(tokens)) canaries.push({ kind: 'known secret', name: 'a token of the channel', value });
    assert.ok(canaries.length > 2, 'the connector saw no token');
    const finder = new Finder(canaries);
    assert.ok(prompts.length >= 3 && prompts.some((prompt) => prompt.includes('please note [secret]')), 'the model was not asked');
    for (const text of [printed, ...prompts, ...files.map(([, file]) => file), ...rows.map((row) => row.text)]) {
      assert.deepEqual(finder.find(text).map(([{ name }]) => name), []);
      assert.ok(!text.includes('aB3aB3aB3'));
    }
    assert.doesNotMatch(printed, JWT);
  });
});
