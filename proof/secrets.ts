/** `npm run proof -- secrets`: canaries through a real Steward, and what of them is seen where. */
import { secretFromSeed } from '../sandbox/identifiers.ts';
import { createScrubber, SecretForms } from '../src/audit/scrub.ts';
import { finds } from '../test/stories/harness/scenes.ts';
import { body, calls, says } from '../test/stories/harness/model.ts';
import type { Proof } from './proof.ts';
import { encoded, ENCODINGS, Finder, SHAPE_ENCODINGS, shapedSecrets, type Canary, type Encoding } from './secrets/canaries.ts';
import { figures } from './secrets/figures.ts';
import { Stage, SEED, type Fault } from './secrets/stage.ts';

/** Each takes one protection away; each must be noticed. */
const FAULTS: readonly Fault[] = [
  { name: 'what people type is not scrubbed', changes: [['src/bot/front.ts', 'scrubber.value(ownWords(checked))', 'ownWords(checked)'], ['src/bot/planner.ts', 'messages: scrubber.value(messages)', 'messages']] },
  { name: 'the output gate asks for no secret', changes: [['src/bot/say.ts', "if (looksSecret(text) || this.#secrets().some((secret) => secret.appearsIn(text))) {", 'if (text === secretless) {'], ['src/bot/say.ts', '/** Digest of what was said', "const secretless = '\\0';\n/** Digest of what was said"]] },
  { name: 'what is kept is not scrubbed', changes: [['src/bot/front.ts', 'this.#scrubbed(turn.memory(clock.now().getTime()))', 'turn.memory(clock.now().getTime())'], ['src/bot/front.ts', 'scrubber.value(ownWords(checked))', 'ownWords(checked)']] },
  { name: 'the ledger is not scrubbed', changes: [['src/audit/ledger.ts', 'this.#scrubber?.value(event) ?? event', 'event']] },
  { name: 'streams are not scrubbed', changes: [['sandbox/main.ts', 'scrubOutput(process.stderr, scrubber);', ''], ['sandbox/main.ts', 'scrubOutput(process.stdout, scrubber);', '']] },
  { name: 'known values are looked for as they are written only', changes: [['src/audit/scrub.ts', 'encodings(value, SHORTEST_FORM)', '[] as string[]'], ['src/audit/scrub.ts', "Buffer.from(value).toString('hex')", 'value']] },
];
/** Internal ids of the company that a whole run drives, beside all secrets. */
const IDS = 100;
/** Tokens come in many; each is a canary, up to so many. */
const MOST_TOKENS = 20;
/** Where ids belong: the handle table in its conversation, the approval rows, and who is where in Teams. */
const ID_TABLES = /conversations|approvals/i;

interface Seen {
  readonly counts: Record<string, number>;
  readonly violations: string[];
}

export const proof: Proof = {
  claim: 'no secret is seen in a prompt, a reply, a card, a log, the ledger or a storage row, and no internal id outside the rows that are made for them',
  run: async ({ count, progress }) => {
    const short = count !== undefined;
    const seen = await drive({ ids: count ?? IDS, progress, brief: short });
    inPieces(seen);
    for (const line of await figures()) console.error(`  ${line}`);
    seen.counts['planted faults'] = 0;
    seen.counts['planted faults noticed'] = 0;
    // Each is a Steward of its own, which takes longer than a short run may.
    for (const fault of short ? [] : FAULTS) {
      progress(`planted: ${fault.name}`);
      const { violations } = await drive({ ids: 0, progress: () => undefined, fault, brief: true });
      seen.counts['planted faults'] += 1;
      if (violations.length > 0) seen.counts['planted faults noticed'] += 1;
      else seen.violations.push(`the planted fault “${fault.name}” went unnoticed`);
    }
    return seen;
  },
};

/** `brief`: secrets of a shape as they are written only. */
async function drive({ brief, fault, ids, progress }: { readonly brief: boolean; readonly ids: number; readonly progress: (text: string) => void; readonly fault?: Fault }): Promise<Seen> {
  const stage = await Stage.open(fault);
  const known: Canary[] = ['servicenow-password', 'ledger-digest-key'].map((name) => ({ kind: 'known secret', name, value: secretFromSeed(SEED, `vault/${name}`) }));
  const shaped = shapedSecrets();
  const employees = stage.people.filter(({ roles, tenantId }) => tenantId === stage.tenantId && roles.join() === 'employee');
  const counts: Record<string, number> = { 'turns driven': 0 };
  const prompts: string[] = [];
  try {
    const helpdesk = stage.person('employee,helpdesk');
    const turn = async (text: string, expect?: number): Promise<void> => {
      await stage.chat(helpdesk).say(text, expect === undefined ? {} : { expect });
      counts['turns driven'] = (counts['turns driven'] ?? 0) + 1;
      prompts.push(...stage.model.requests.map(({ raw }) => raw));
      stage.model.forget();
    };
    // Happy path: a ticket makes the robot read its password.
    stage.model.play(calls({ name: 'find_ticket', arguments: { words: 'printer' } }));
    stage.model.always(says('I looked.'));
    await turn('find the ticket about the printer');
    const drills: (readonly [canary: Canary, encoding: Encoding, text: string])[] = [
      ...known.flatMap((canary) => ENCODINGS.map((encoding) => [canary, encoding, `it is ${encoded(canary.value, encoding)} ok`] as const)),
      ...shaped.flatMap(({ around, canary }) => (brief ? (['raw'] as const) : SHAPE_ENCODINGS).map((encoding) => [canary, encoding, encoding === 'raw' ? around(canary.value) : encoded(around(canary.value), encoding)] as const)),
    ];
    for (const [index, [, , text]] of drills.entries()) {
      if (index % 10 === 0) progress(`${index} of ${drills.length} secrets typed and said`);
      stage.model.always(says('All right.'));
      await turn(`please note ${text}`);
      stage.model.always(says(text));
      await turn('what did I say?');
    }
    // Errors, and what other systems say.
    for (const { value } of known) {
      const completion = { id: 'x', object: 'chat.completion', created: 1, model: value, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
      stage.model.always(body(completion));
      await turn('hello you over there, how are you doing?');
      stage.model.always(body({ error: { message: value, code: value } }, { status: 500, headers: { 'x-request-id': value } }));
      await turn('what about the printer on floor three?');
      await stage.control.fault({ service: 'graph', kind: 'body', path: '/users$', status: 403, body: { error: { code: 'Authorization_RequestDenied', message: `Bearer ${value}` } }, times: 3 });
      stage.model.play(finds('Anna'));
      stage.model.always(says('No.'));
      await turn('find Anna');
      await stage.control.heal();
      await stage.control.fault({ service: 'graph', kind: 'body', path: '/users$', body: { value: [{ id: helpdesk.aadObjectId, displayName: `Anna ${value}`, userPrincipalName: 'anna@x.example', accountEnabled: true, userType: 'Member', jobTitle: value, department: value }] }, times: 1 });
      stage.model.play(finds('Anna'));
      stage.model.always(says('There.'));
      await turn('find Anna');
      await stage.control.heal();
    }
    for (const [index, { aadObjectId, name }] of employees.slice(0, ids).entries()) {
      if (index % 10 === 0) progress(`${index} of ${ids} internal ids`);
      const encoding = ENCODINGS[index % ENCODINGS.length] ?? 'raw';
      stage.model.play(finds(name));
      stage.model.always(says(`it is ${encoded(aadObjectId, encoding)}`));
      await turn(`who is ${name}?`);
    }
  } finally {
    prompts.push(...stage.model.requests.map(({ raw }) => raw));
  }
  const log = [...stage.connector.log];
  const { files, printed } = await stage.close();

  const tokens = [...new Set(log.map(({ token }) => token))].slice(0, MOST_TOKENS).map((value, index): Canary => ({ kind: 'known secret', name: `channel token ${index + 1}`, value: value.replace(/^Bearer /i, '') })).filter(({ value }) => value !== '');
  const secrets = [...known, ...tokens, ...shaped.map(({ canary }) => canary)];
  const internal: readonly Canary[] = employees.slice(0, Math.max(ids, 1)).map(({ aadObjectId, name }) => ({ kind: 'internal id', name, value: aadObjectId }));
  counts['canaries'] = secrets.length + internal.length;
  const violations: string[] = [];
  const look = (channel: string, texts: readonly string[], canaries: readonly Canary[], what: string): void => {
    const finder = new Finder(canaries);
    let found = 0;
    for (const text of texts) {
      for (const [{ kind, name, value }, form] of finder.find(text)) {
        found += 1;
        violations.push(`${channel}: ${kind} ${name}${form === value ? '' : `, as ${form.slice(0, 12)}…`}, in ${text.slice(Math.max(0, text.indexOf(form) - 60), text.indexOf(form)).replaceAll('\n', ' ')}`);
      }
    }
    counts[`${channel} looked at`] = texts.length;
    counts[`${channel}: ${what} seen`] = found;
  };
  const shownTexts = log.map(({ activity: { attachments, summary, text } }) => JSON.stringify({ attachments, summary, text }));
  look('prompts', prompts, secrets, 'secrets');
  look('prompts', prompts, internal, 'internal ids');
  look('messages and cards', log.map(({ raw }) => raw), secrets, 'secrets');
  look('messages and cards', shownTexts, internal, 'internal ids');
  const lines = printed.split('\n');
  look('lines on stdout and stderr', lines, secrets, 'secrets');
  look('lines on stdout and stderr', lines, internal, 'internal ids');
  look('lines on stdout and stderr', lines.filter((line) => /eyJ[\w-]{20,}\.eyJ[\w-]{20,}/.test(line)).map(() => tokens[0]?.value ?? ''), tokens.slice(0, 1), 'other tokens');
  counts['lines on stdout and stderr looked at'] = lines.length;
  // Loki writes its tables as one JSON file; blobs stand as they are.
  const rows = files.flatMap(([name, text]) => rowsOf(name, text));
  look('storage rows and ledger', rows.map(([, text]) => text), secrets, 'secrets');
  look('rows outside handles and approvals', rows.filter(([table]) => !ID_TABLES.test(table)).map(([, text]) => text), internal, 'internal ids');
  return { counts, violations };
}

function rowsOf(file: string, text: string): readonly (readonly [table: string, text: string])[] {
  if (!file.includes('table')) return [[file, text]];
  const { collections } = JSON.parse(text) as { readonly collections: readonly { readonly name: string; readonly data: readonly unknown[] }[] };
  return collections.flatMap(({ data, name }) => data.map((row) => [name, JSON.stringify(row)] as const));
}

/** The model's answers do not come in pieces today. What comes in pieces is scrubbed, wherever it is cut. */
function inPieces({ counts, violations }: Seen): void {
  const value = secretFromSeed(SEED, 'vault/servicenow-password');
  const scrubber = createScrubber(() => [new SecretForms(value)]);
  const finder = new Finder([{ kind: 'known secret', name: 'servicenow-password', value }]);
  let cuts = 0;
  for (const encoding of ENCODINGS) {
    const text = `before ${encoded(value, encoding)} after\n`;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const stream = scrubber.stream();
      const out = stream.write(text.slice(0, cut)) + stream.write(text.slice(cut)) + stream.end();
      cuts += 1;
      if (finder.find(out).length > 0) violations.push(`in pieces: ${encoding} cut at ${cut}`);
    }
  }
  counts['cuts in two pieces'] = cuts;
}
