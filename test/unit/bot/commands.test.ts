import assert from 'node:assert/strict';
import { parseCommand, usd, type Command } from '../../../src/bot/commands.ts';
import { bestOfThreeMs, SUPER_LINEAR_MS } from './support.ts';
import { Stopwatch } from '../../machine.ts';

const KILL_ALL: Command = { kind: 'kill', what: { scope: 'all', level: 'off' }, reason: '' };
const KILL_OTHER: Command = { kind: 'kill', what: undefined, reason: '' };
const ALL = { scope: 'all', level: 'full' } as const;

describe('bot/commands: what code recognises before the model', () => {
  const table: readonly (readonly [string, Command])[] = [
    ...['kill all', 'kill', 'KILL ALL!', ' Kill  All \n', 'kill everything', 'kill switch', 'kill\nall', 'kill all 🛑'].map((text) => [text, KILL_ALL] as const),
    ...['kill all now', 'kill all please', 'kill all, now!', 'kill all immediately', 'kill everything at once', 'kill!', 'kill all, please, now…'].map((text) => [text, KILL_ALL] as const),
    ...['kill action', 'kill person', 'kill person Anna Weber', 'kill to full', 'kill all to something', 'kill model and all', 'kill heresy', 'kill Anna’s session', 'kill her laptop', 'kill it', 'kill allan', 'kill мой процесс', 'kill 他', 'kill all мои процессы', 'kill all nowhere', 'kill all 他', 'kill 1', 'kill all now 他'].map((text) => [text, KILL_OTHER] as const),
    ['revive', { kind: 'revive', what: ALL, reason: '' }],
    ['revive because', { kind: 'revive', what: ALL, reason: '' }],
    ['revive because it is fixed', { kind: 'revive', what: ALL, reason: 'it is fixed' }],
    ['Revive all because it is fixed', { kind: 'revive', what: ALL, reason: 'it is fixed' }],
    ['REVIVE: it is fixed', { kind: 'revive', what: ALL, reason: 'it is fixed' }],
    ['revive, because\nit is fixed', { kind: 'revive', what: ALL, reason: 'it is fixed' }],
    ['kill all because of the breach', { ...KILL_ALL, reason: 'of the breach' }],
    ['kill, because: odd', { ...KILL_ALL, reason: 'odd' }],
    ...['kill to read-only', 'kill all to read only', 'Kill everything down to read-only mode now!'].map((text) => [text, { kind: 'kill', what: { scope: 'all', level: 'read-only' }, reason: '' }] as const),
    ['kill all to observe', { kind: 'kill', what: { scope: 'all', level: 'observe' }, reason: '' }],
    ['kill to off', KILL_ALL],
    ...['kill model', 'Kill the model!', 'kill model now, please'].map((text) => [text, { kind: 'kill', what: { scope: 'model' }, reason: '' }] as const),
    ...['kill here', 'kill this chat', 'kill conversation now'].map((text) => [text, { kind: 'kill', what: { scope: 'conversation' }, reason: '' }] as const),
    ['kill action Block sign-in because it misbehaves', { kind: 'kill', what: { scope: 'action', named: 'Block sign-in' }, reason: 'it misbehaves' }],
    ['kill person anna@contoso.example', { kind: 'kill', what: { scope: 'person', named: 'anna@contoso.example' }, reason: '' }],
    ['revive everything because fixed', { kind: 'revive', what: ALL, reason: 'fixed' }],
    ['revive to observe because of a pilot', { kind: 'revive', what: { scope: 'all', level: 'observe' }, reason: 'of a pilot' }],
    ['revive all to full because: done', { kind: 'revive', what: ALL, reason: 'done' }],
    ['revive model because fixed', { kind: 'revive', what: { scope: 'model' }, reason: 'fixed' }],
    ['revive here', { kind: 'revive', what: { scope: 'conversation' }, reason: '' }],
    ['revive action block_sign_in because ok', { kind: 'revive', what: { scope: 'action', named: 'block_sign_in' }, reason: 'ok' }],
    ['revive person anna@contoso.example because it was a mistake', { kind: 'revive', what: { scope: 'person', named: 'anna@contoso.example' }, reason: 'it was a mistake' }],
    ...['drill kill', 'Drill', 'drill the kill switch!'].map((text) => [text, { kind: 'drill' }] as const),
    ['raise spending of anna@contoso.example to 5 because of an incident', { kind: 'raise spending', who: 'anna@contoso.example', usd: '5', reason: 'of an incident' }],
    ['raise the budget for anna@contoso.example to $7.50', { kind: 'raise spending', who: 'anna@contoso.example', usd: '7.50', reason: '' }],
    ...['undo', 'Undo!', 'undo that please', 'revert it', 'take it back', 'take that back', 'Rückgängig'].map((text) => [text, { kind: 'undo' }] as const),
    ...['pending', 'Pending?', 'what is pending?', 'what is waiting for me', 'what waits for me?', 'show my open requests', 'open requests'].map((text) => [text, { kind: 'pending' }] as const),
    ...['approvals here', 'Approvals here!', 'APPROVALS HERE'].map((text) => [text, { kind: 'approvals here', here: true }] as const),
    ...['approvals not here', 'approvals no longer here.'].map((text) => [text, { kind: 'approvals here', here: false }] as const),
    ['raise limit of block sign-in because of a phishing wave', { kind: 'raise', action: 'block sign-in', reason: 'of a phishing wave' }],
    ['Raise the limit for block_sign_in, because: it\nis an incident', { kind: 'raise', action: 'block_sign_in', reason: 'it\nis an incident' }],
    ['erase records of anna@contoso.com because she asked for it', { kind: 'records', change: 'erase', who: 'anna@contoso.com', reason: 'she asked for it' }],
    ['Hold the record about anna@contoso.com, because: a case\nin court', { kind: 'records', change: 'hold', who: 'anna@contoso.com', reason: 'a case\nin court' }],
    ['release records for anna@contoso.com', { kind: 'records', change: 'release', who: 'anna@contoso.com', reason: '' }],
    ['erase records of anna@contoso.com.', { kind: 'records', change: 'erase', who: 'anna@contoso.com', reason: '' }],
    ['erase records of anna@contoso.com because', { kind: 'records', change: 'erase', who: 'anna@contoso.com', reason: '' }],
    ['raise limits block sign-in', { kind: 'raise', action: 'block sign-in', reason: '' }],
    ['raise limit of block sign-in because', { kind: 'raise', action: 'block sign-in', reason: '' }],
    ...['status', 'Status?', 'STATUS!'].map((text) => [text, { kind: 'status' }] as const),
    ...['help', 'Help!', '?', 'what can you do?', 'what can I ask you', 'hilfe'].map((text) => [text, { kind: 'help' }] as const),
    ...['forget me', 'Forget me.', 'forget everything about me', 'delete my history', 'delete our conversation', 'vergiss mich'].map((text) => [text, { kind: 'forget' }] as const),
    ...['cancel', 'stop', 'Stop!!!', 'abort', 'never mind', 'nevermind', 'cancel that please', 'forget it', 'stop it'].map((text) => [text, { kind: 'cancel' }] as const),
    ...['hi', 'Hello Steward!', 'hello, there', 'good morning', 'Guten Tag', 'grüezi'].map((text) => [text, { kind: 'greeting' }] as const),
    ...['thanks', 'thank you so much', 'danke schön', 'cheers!'].map((text) => [text, { kind: 'thanks' }] as const),
    ...['yes', 'Yes!', 'YES PLEASE', 'yes, please do it', 'yes block her', 'ok', 'okay go ahead', 'approve', 'approved', 'confirm', 'do it', 'go ahead', '👍', 'ja', 'sí'].map((text) => [text, { kind: 'yes' }] as const),
  ];
  for (const [text, command] of table) {
    it(`takes ${JSON.stringify(text)} as ${command.kind}${'what' in command ? ` ${command.what?.scope ?? 'of nothing'}` : ''}`, () => {
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
    'forget me not in the licence report',
    'delete my history file from her laptop',
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
    const watch = new Stopwatch();
    for (const text of [`yes${' please'.repeat(5_000)} x`, `thanks${' a lot'.repeat(5_000)} x`, `kill ${'!'.repeat(50_000)}x`, `cancel${' it'.repeat(5_000)} x`, `revive ${': '.repeat(20_000)}`, ...['<', '<quote ', '@', '[', 'a.', '1', ' ', ', ', 'now ', 'kill '].flatMap((part) => ['', 'kill ', 'kill all ', 'yes ', 'revive '].map((head) => head + part.repeat(200_000 / part.length)))]) {
      assert(bestOfThreeMs(() => parseCommand(text)) < SUPER_LINEAR_MS, text.slice(0, 20));
    }
    assert(watch.ms < 1_000);
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
