import assert from 'node:assert/strict';
import { parseCommand, usd, type Command } from '../../../src/bot/commands.ts';
import { bestOfThreeMs, SUPER_LINEAR_MS } from './support.ts';

const KILL_ALL: Command = { kind: 'kill', scope: 'all' };
const KILL_OTHER: Command = { kind: 'kill', scope: 'other' };

describe('bot/commands: what code recognises before the model', () => {
  const table: readonly (readonly [string, Command])[] = [
    ...['kill all', 'kill', 'KILL ALL!', ' Kill  All \n', 'kill everything', 'kill switch', 'kill\nall', 'kill all 🛑'].map((text) => [text, KILL_ALL] as const),
    ...['kill all now', 'kill all please', 'kill all, now!', 'kill all immediately', 'kill everything at once', 'kill!', 'kill all, please, now…'].map((text) => [text, KILL_ALL] as const),
    ...['kill model', 'kill action block_sign_in', 'kill person @Anna', 'kill Anna’s session', 'kill her laptop', 'kill it', 'kill allan', 'kill мой процесс', 'kill 他', 'kill all мои процессы', 'kill all nowhere', 'kill all 他', 'kill 1', 'kill all now 他'].map((text) => [text, KILL_OTHER] as const),
    ['revive', { kind: 'revive', reason: '' }],
    ['revive because', { kind: 'revive', reason: '' }],
    ['revive because it is fixed', { kind: 'revive', reason: 'it is fixed' }],
    ['Revive all because it is fixed', { kind: 'revive', reason: 'it is fixed' }],
    ['REVIVE: it is fixed', { kind: 'revive', reason: 'it is fixed' }],
    ['revive, because\nit is fixed', { kind: 'revive', reason: 'it is fixed' }],
    ...['undo', 'Undo!', 'undo that please', 'revert it', 'take it back', 'take that back', 'Rückgängig'].map((text) => [text, { kind: 'undo' }] as const),
    ...['pending', 'Pending?', 'what is pending?', 'what is waiting for me', 'what waits for me?', 'show my open requests', 'open requests'].map((text) => [text, { kind: 'pending' }] as const),
    ...['approvals here', 'Approvals here!', 'APPROVALS HERE'].map((text) => [text, { kind: 'approvals here', here: true }] as const),
    ...['approvals not here', 'approvals no longer here.'].map((text) => [text, { kind: 'approvals here', here: false }] as const),
    ['raise limit of block sign-in because of a phishing wave', { kind: 'raise', action: 'block sign-in', reason: 'of a phishing wave' }],
    ['Raise the limit for block_sign_in, because: it\nis an incident', { kind: 'raise', action: 'block_sign_in', reason: 'it\nis an incident' }],
    ['raise limits block sign-in', { kind: 'raise', action: 'block sign-in', reason: '' }],
    ['raise limit of block sign-in because', { kind: 'raise', action: 'block sign-in', reason: '' }],
    ...['status', 'Status?', 'STATUS!'].map((text) => [text, { kind: 'status' }] as const),
    ...['help', 'Help!', '?', 'what can you do?', 'what can I ask you', 'hilfe'].map((text) => [text, { kind: 'help' }] as const),
    ...['cancel', 'stop', 'Stop!!!', 'abort', 'never mind', 'nevermind', 'cancel that please', 'forget it', 'stop it'].map((text) => [text, { kind: 'cancel' }] as const),
    ...['hi', 'Hello Steward!', 'hello, there', 'good morning', 'Guten Tag', 'grüezi'].map((text) => [text, { kind: 'greeting' }] as const),
    ...['thanks', 'thank you so much', 'danke schön', 'cheers!'].map((text) => [text, { kind: 'thanks' }] as const),
    ...['yes', 'Yes!', 'YES PLEASE', 'yes, please do it', 'yes block her', 'ok', 'okay go ahead', 'approve', 'approved', 'confirm', 'do it', 'go ahead', '👍', 'ja', 'sí'].map((text) => [text, { kind: 'yes' }] as const),
  ];
  for (const [text, command] of table) {
    it(`takes ${JSON.stringify(text)} as ${command.kind}${'scope' in command ? ` ${command.scope}` : ''}`, () => {
      assert.deepEqual(parseCommand(text), command);
    });
  }
  const sentences = [
    '',
    'killing',
    'undo the block of Anna',
    'undo Anna',
    'pending Anna',
    'approvals here for Anna',
    'approvals not',
    'approvals',
    'raise Anna’s limit',
    'raise the alarm because',
    'killed all processes?',
    'skill all',
    'how do I kill a process',
    'why did somebody kill all sessions',
    'revived',
    'reviving a laptop',
    'status of Anna Weber',
    'help me block Anna',
    'what can you do about Anna’s laptop',
    'stop Anna’s account',
    'stop Anna',
    'cancel her meeting',
    'stopping',
    'hi, block Anna',
    'hello block Anna Weber',
    'thanks, and block Anna',
    'yes please block Anna',
    'yes, block Anna Weber',
    'yes and also wipe it',
    'ok block him and Bob',
    'sure thing',
    'yesterday her phone was stolen',
    'okra',
    'block Anna. yes',
    'do it for Anna',
    'confirmation of Anna',
    'approve Anna',
    'yes Łódź',
    'stop Öztürk',
    'hi Ωμέγα',
    'yes блок',
    'status 他',
    'help мне',
    'thanks 他',
    'cancel его',
    'reviveé',
    'killé',
    'hello 他',
  ];
  for (const text of sentences) {
    it(`leaves ${JSON.stringify(text)} to the model`, () => {
      assert.equal(parseCommand(text), undefined);
    });
  }
  it('ends in time on text made to make patterns slow', () => {
    const startedMs = performance.now();
    for (const text of [`yes${' please'.repeat(5_000)} x`, `thanks${' a lot'.repeat(5_000)} x`, `kill ${'!'.repeat(50_000)}x`, `cancel${' it'.repeat(5_000)} x`, `revive ${': '.repeat(20_000)}`, ...['<', '<quote ', '@', '[', 'a.', '1', ' ', ', ', 'now ', 'kill '].flatMap((part) => ['', 'kill ', 'kill all ', 'yes ', 'revive '].map((head) => head + part.repeat(200_000 / part.length)))]) {
      assert(bestOfThreeMs(() => parseCommand(text)) < SUPER_LINEAR_MS, text.slice(0, 20));
    }
    assert(performance.now() - startedMs < 1_000);
  });
});

describe('bot/commands: money', () => {
  for (const [micro, text] of [
    [0, '0.00'],
    [1, '0.01'],
    [10_000, '0.01'],
    [10_001, '0.02'],
    [999_999, '1.00'],
    [250_000_000, '250.00'],
    [1_234_560_000, '1234.56'],
  ] as const) {
    it(`shows ${micro} micro-USD as ${text}, never as less than was spent`, () => {
      assert.equal(usd(micro), text);
    });
  }
});
