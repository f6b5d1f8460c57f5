/** `npm run proof -- secrets`: canaries through a real Steward, and what of them is seen where. */
import { secretFromSeed } from '../sandbox/identifiers.ts';
import { createScrubber, SecretForms } from '../src/audit/scrub.ts';
import { cardOf, hasCard, isAlive, shown } from '../test/stories/harness/cards.ts';
import { body, says } from '../test/stories/harness/model.ts';
import { finds } from '../test/stories/harness/scenes.ts';
import type { Turn } from '../test/stories/harness/teams.ts';
import { sleep } from '../test/stories/harness/wait.ts';
import type { Proof } from './proof.ts';
import { chanceOf } from './random.ts';
import { encoded, ENCODINGS, Finder, SHAPE_ENCODINGS, shapedSecrets, type Canary } from './secrets/canaries.ts';
import { figures } from './secrets/figures.ts';
import { internalIds, kindOf } from './secrets/ids.ts';
import { pathsOf } from './secrets/paths.ts';
import { withoutPlaces } from './secrets/places.ts';
import { assertPlantable, Stage, SEED, type Fault, type Told } from './secrets/stage.ts';

/** Each takes one protection away; each must be noticed. */
const FAULTS: readonly Fault[] = [
  { name: 'what people type is not scrubbed', changes: [['src/bot/front.ts', 'scrubber.value(ownWords(checked))', 'ownWords(checked)'], ['src/bot/planner.ts', 'messages: scrubber.value(messages)', 'messages']] },
  { name: 'the output gate asks for no secret', changes: [['src/bot/say.ts', "if (looksSecret(text) || this.#secrets().some((secret) => secret.appearsIn(text))) {", 'if (text === secretless) {'], ['src/bot/say.ts', '/** Digest of what was said', "const secretless = '\\0';\n/** Digest of what was said"]] },
  { name: 'what is kept is not scrubbed', changes: [['src/bot/front.ts', 'this.#scrubbed(turn.memory(clock.now().getTime()))', 'turn.memory(clock.now().getTime())'], ['src/bot/front.ts', 'scrubber.value(ownWords(checked))', 'ownWords(checked)']] },
  { name: 'the ledger is not scrubbed', changes: [['src/audit/ledger.ts', 'event: this.#scrubbed(event)', 'event']] },
  { name: 'streams are not scrubbed', changes: [['sandbox/main.ts', 'scrubOutput(process.stderr, scrubber);', ''], ['sandbox/main.ts', 'scrubOutput(process.stdout, scrubber);', '']] },
  { name: 'answers that were withheld are kept', changes: [['src/bot/planner.ts', 'this.#isSayable(turn, text) ? text', "text !== '' ? text"]] },
  { name: 'escaped ids are not read', changes: [['src/actions/internal-id.ts', 'normalised(unescaped(', 'normalised(('], ['src/actions/internal-id.ts', 'function unescaped(', 'export function unescaped(']] },
  { name: 'tokens of the channel are not known', changes: [['src/steward.ts', 'onToken: (token) => clients.know(token)', 'onToken: () => undefined']] },
  { name: 'ids pass through the streams', changes: [['src/log.ts', "text.replace(IDS, '[id]')", 'text']] },
  { name: 'known values are looked for as they are written only', changes: [['src/audit/scrub.ts', 'encodings(value, SHORTEST_FORM)', '[] as string[]'], ['src/audit/scrub.ts', "Buffer.from(value).toString('hex')", 'value']] },
];
/** Internal ids of the company that a whole run drives, beside all secrets. */
const IDS = 100;
/** For each secret and encoding, beside every cut in two. */
const CUTS_IN_MANY = 500;
/** What was clicked is carried out behind the answer. */
const SETTLES_MS = 1_500;

interface Seen {
  readonly counts: Record<string, number>;
  readonly violations: string[];
}

export const proof: Proof = {
  claim: 'no secret is seen in a prompt, a reply, a card, a log, the ledger or a storage row, and no internal id outside the rows that are made for them',
  run: async ({ count, progress, seed }) => {
    const short = count !== undefined;
    // Before anything takes its time.
    for (const fault of FAULTS) assertPlantable(fault);
    const seen = await drive({ ids: count ?? IDS, progress, brief: short });
    inPieces(seen, seed);
    const { counts, lines } = await figures();
    for (const line of lines) console.error(`  ${line}`);
    Object.assign(seen.counts, counts);
    seen.counts['planted faults'] = 0;
    seen.counts['planted faults noticed'] = 0;
    // Each is a Steward of its own, which takes longer than a short run may.
    for (const fault of short ? [] : FAULTS) {
      progress(`planted: ${fault.name}`);
      const { violations } = await drive({ ids: ENCODINGS.length - 2, progress: () => undefined, fault, brief: true });
      seen.counts['planted faults'] += 1;
      if (violations.length > 0) seen.counts['planted faults noticed'] += 1;
      else seen.violations.push(`the planted fault “${fault.name}” went unnoticed`);
    }
    return seen;
  },
};

/** `brief`: secrets of a shape as they are written only, and few things of each kind. */
async function drive({ brief, fault, ids, progress }: { readonly brief: boolean; readonly ids: number; readonly progress: (text: string) => void; readonly fault?: Fault }): Promise<Seen> {
  const stage = await Stage.open(fault);
  const counts: Record<string, number> = { 'turns driven': 0 };
  const prompts: string[] = [];
  const shaped = shapedSecrets();
  try {
    await play(stage, { brief, ids, shaped, progress, counts, prompts });
  } catch (error) {
    await stage.close();
    throw error;
  }
  prompts.push(...stage.model.requests.map(({ raw }) => raw));
  const journal = await stage.control.journal();
  const log = [...stage.connector.log];
  const { files, printed, rows, secrets: told } = await stage.close();

  const secrets: readonly Canary[] = [...unique(told).map(({ name, value }): Canary => ({ kind: 'known secret', name, value })), ...shaped.map(({ canary }) => canary)];
  const internal = internalIds(SEED, stage.tenantId);
  counts['secrets looked for'] = secrets.length;
  counts['internal ids looked for'] = internal.length;
  for (const kind of new Set(internal.map(kindOf))) counts[`internal ids looked for: ${kind}`] = internal.filter((canary) => kindOf(canary) === kind).length;
  const asked = journal.map(({ body, path, query }) => JSON.stringify([path, query, body]));
  counts['internal ids that Steward handled'] = new Set(asked.flatMap((text) => new Finder(internal).find(text).map(([canary]) => canary))).size;
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
  look('prompts', prompts, secrets, 'secrets');
  look('prompts', prompts, internal, 'internal ids');
  look('messages and cards', log.map(({ raw }) => raw), secrets, 'secrets');
  look('messages and cards', log.map(({ activity: { attachments, summary, text } }) => JSON.stringify({ attachments, summary, text })), internal, 'internal ids');
  const lines = printed.split('\n');
  look('lines on stdout and stderr', lines, secrets, 'secrets');
  look('lines on stdout and stderr', lines, internal, 'internal ids');
  look('stored rows', rows.map(({ text }) => text), secrets, 'secrets');
  look('stored rows', rows.map(withoutPlaces), internal, 'internal ids outside of handles, requests and addresses');
  look('blobs', files.map(([, text]) => text), secrets, 'secrets');
  look('blobs', files.map(([, text]) => text), internal, 'internal ids');
  return { counts, violations };
}

interface Playing {
  readonly brief: boolean;
  readonly ids: number;
  readonly shaped: ReturnType<typeof shapedSecrets>;
  readonly progress: (text: string) => void;
  readonly counts: Record<string, number>;
  readonly prompts: string[];
}

/** Happy paths first, so that the secrets are in use; then whoever would like to see them; then errors. */
async function play(stage: Stage, { brief, counts, ids, progress, prompts, shaped }: Playing): Promise<void> {
  const helpdesk = stage.person('employee,helpdesk');
  const chat = stage.chat(helpdesk);
  const approver = stage.chat(stage.person('employee,approver'));
  const turn = async (text: string, expect?: number): Promise<Turn> => {
    const said = await chat.say(text, expect === undefined ? {} : { expect });
    counts['turns driven'] = (counts['turns driven'] ?? 0) + 1;
    prompts.push(...stage.model.requests.map(({ raw }) => raw));
    stage.model.forget();
    return said;
  };
  await approver.install();
  await approver.say('hello');
  const { effects, reads, things } = pathsOf(SEED, stage.tenantId, stage.people.filter(({ tenantId }) => tenantId === stage.tenantId), brief ? 1 : ENCODINGS.length);
  for (const { card, steps, what, words } of [...reads, ...effects]) {
    progress(what);
    const since = stage.connector.log.length;
    stage.model.play(...steps);
    stage.model.always(says('Here it is.'));
    const { sent } = await turn(words);
    if (card === undefined) continue;
    const found = card === 'own' ? sent.find((message) => hasCard(message) && isAlive(cardOf(message))) : stage.connector.messages({ conversationId: approver.id, since }).findLast((message) => message.kind === 'send' && hasCard(message));
    if (found === undefined) throw new Error(`${what}: no card came: ${sent.map(shown).join(' | ')}`);
    counts['cards clicked'] = (counts['cards clicked'] ?? 0) + 1;
    await (card === 'own' ? chat : approver).click(found, /^steward\/approve$/);
    await sleep(SETTLES_MS);
  }

  const known = unique(stage.secrets()).filter(({ name }) => name.startsWith('secret ') || name.startsWith('token '));
  const all = [...new Map(known.map((secret) => [secret.name, secret])).values()];
  const byName = brief ? all.filter(({ name }) => name.startsWith('secret ') || name.endsWith('for Steward')) : all;
  counts['known secrets typed and said, in each encoding'] = byName.length;
  const drills: readonly string[] = [
    ...byName.flatMap(({ value }) => (brief ? (['raw', 'base64'] as const) : ENCODINGS).map((encoding) => `it is ${encoded(value, encoding)} ok`)),
    ...shaped.flatMap(({ around, canary }) => (brief ? (['raw'] as const) : SHAPE_ENCODINGS).map((encoding) => (encoding === 'raw' ? around(canary.value) : encoded(around(canary.value), encoding)))),
  ];
  for (const [index, text] of drills.entries()) {
    if (index % 10 === 0) progress(`${index} of ${drills.length} secrets typed and said`);
    stage.model.always(says('All right.'));
    await turn(`please note ${text}`);
    stage.model.always(says(text));
    await turn('what did I say?');
  }
  await troubles(stage, byName.filter(({ name }) => name.startsWith('secret ')), turn);
  const chosen = [...things.filter(({ kind }) => kind === 'person').slice(0, ids), ...things.filter(({ kind }) => kind !== 'person')];
  for (const [index, { id, kind, steps, words }] of chosen.entries()) {
    if (index % 10 === 0) progress(`${index} of ${chosen.length} internal ids`);
    stage.model.play(...steps);
    stage.model.always(says(`it is ${encoded(id, ENCODINGS[index % ENCODINGS.length] ?? 'raw')}`));
    await turn(words);
    counts[`internal ids found and said: ${kind}`] = (counts[`internal ids found and said: ${kind}`] ?? 0) + 1;
  }
}

/** Errors, and what other systems say. */
async function troubles(stage: Stage, known: readonly Told[], turn: (text: string) => Promise<Turn>): Promise<void> {
  const [helpdesk] = [stage.person('employee,helpdesk')];
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
}

/** Each value once. */
function unique(told: readonly Told[]): readonly Told[] {
  return [...new Map(told.filter(({ value }) => value !== '').map((each) => [each.value, each])).values()];
}

/** The model's answers do not come in pieces today. What comes in pieces is scrubbed, wherever it is cut. */
function inPieces({ counts, violations }: Seen, seed: number): void {
  const chance = chanceOf(seed, 0);
  const below = (most: number): number => Math.floor(chance.next() * most);
  let cuts = 0;
  for (const name of ['servicenow-password', 'ledger-digest-key']) {
    const value = secretFromSeed(SEED, `vault/${name}`);
    const scrubber = createScrubber(() => [new SecretForms(value)]);
    const finder = new Finder([{ kind: 'known secret', name, value }]);
    for (const encoding of ENCODINGS) {
      const text = `before ${encoded(value, encoding)} after\n`;
      const tries = [...Array.from({ length: text.length + 1 }, (_, cut) => [cut]), ...Array.from({ length: CUTS_IN_MANY }, () => Array.from({ length: 2 + below(6) }, () => below(text.length + 1)).sort((one, other) => one - other))];
      for (const places of tries) {
        const stream = scrubber.stream();
        const pieces = [...places, text.length].map((end, index) => text.slice(places[index - 1] ?? 0, end));
        const out = pieces.map((piece) => stream.write(piece)).join('') + stream.end();
        cuts += 1;
        if (!out.startsWith('before ') || finder.find(out).length > 0) violations.push(`in pieces: ${name} as ${encoding}, cut at ${places.join(', ')}`);
      }
    }
  }
  counts['secrets in pieces, each encoding at every place and at random ones'] = cuts;
}
