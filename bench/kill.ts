/**
 * How fast Steward stops: killed at random instants while effects flow on two processes of the production bundle, in chat,
 * by hand in storage, and with the other process cut off. Beside it, on the same load and in the same run, the plain way:
 * the same bundle with the latch as a flag that is polled.
 */
import { parseArgs } from 'node:util';
import { edited, readBundle, writeBundle, type Edit } from '../proof/kill/bundle.ts';
import { Load } from '../proof/kill/load.ts';
import { Rounds, type Figures, type RoundResult } from '../proof/kill/round.ts';
import { Stage } from '../proof/kill/stage.ts';
import { strokeNamed } from '../proof/kill/strokes.ts';
import { chanceOf } from '../proof/random.ts';
import { machine, summarise, table, type Machine, type Summary } from './lib/figures.ts';

const IN_CHAT = 'in chat';
const WITHOUT_LATCH = 'in chat, the other process without the latch alone';
const WITHOUT_STORAGE = 'in chat, the other process without storage';
const BY_HAND = 'by hand, level off';
/** What a run of twenty consists of: a longer one repeats it. */
const ORDER = [IN_CHAT, WITHOUT_LATCH, BY_HAND, IN_CHAT, WITHOUT_STORAGE, IN_CHAT, WITHOUT_LATCH, IN_CHAT, BY_HAND, IN_CHAT] as const;
const PEER_ORDER = [IN_CHAT, WITHOUT_LATCH, BY_HAND, IN_CHAT] as const;
const ROUNDS = 40;
/** One kill in so many is the peer's. */
const PEER_SHARE = 5;
const SEED = 1;
/** The least that Azure App Configuration allows; its default is thirty seconds (FeatureFlagOptions.SetRefreshInterval, learn.microsoft.com). */
const POLL_MS = 1_000;

/** The plain way: a timer reads the flag, whoever acts looks at what it read last, and nothing is called off. */
const POLLED: readonly Edit[] = [
  { find: /const \{ beganMs, promise \} = this\.#freshest\(\w*\);/, by: `return await (this.polled ??= (setInterval(() => { this.#readStore().then((reading) => { this.polled = reading; }, () => {}); }, ${POLL_MS}).unref(), this.#readStore())); $&` },
  { find: /level: this\.#floor\?\.what \?\? "full"/, by: 'level: "full"' },
  { find: /#abortWhere\(reading\) \{/, by: '$& return;' },
];

interface Ways {
  readonly rounds: number;
  readonly messageToLastEffect?: Summary;
  readonly messageToStored?: Summary;
  readonly messageToLastElsewhere?: Summary;
  readonly messageToLastElsewhereWithoutLatch?: Summary;
  readonly messageToLastElsewhereWithoutStorage?: Summary;
  readonly messageToAnswer?: Summary;
  readonly rowToLastEffect?: Summary;
  readonly onTheWire: number;
  readonly carriedOut: number;
}

interface Result {
  readonly machine: Machine;
  readonly steward: Ways;
  readonly polledFlag: Ways;
  readonly told: Readonly<Record<string, number>>;
  /** Rounds that did not come to their end, and what a round found that must not be. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const notes: readonly string[] = [
  'Milliseconds. “Begun” is when a request that changes something was handed over, whole, to Node’s HTTP client of the process; the message arrives when its HTTP headers were read. All processes of a machine share that clock.',
  'Two processes of the production bundle, each with two approved plans over five people; Graph takes 180 ms for an effect. Everything is on loopback and on the same cores, so no figure holds the network of Azure, and all hold its competition.',
  'An effect counts as 0 when none began any more after the message. The other process may go on for up to a second: that is how long a reading of the latch is good. Without the latch alone it loses the latch up to 600 ms before the message, and everything else stays within reach; without storage nothing can be recorded, and so nothing is done.',
  'What is on the wire when the kill comes is called off, and its outcome is told as unknown, since nobody can say whether it took effect; the line above says how often it did.',
  `The polled flag is the same bundle in which a timer reads the latch every ${POLL_MS.toLocaleString('en-GB')} ms, nothing is called off, and a flag that can’t be read stays what it was. Azure App Configuration, the usual place for a flag, refreshes every 30 s by default and at the soonest every second (learn.microsoft.com/azure/azure-app-configuration/enable-dynamic-configuration-javascript). Without the latch its figure is the length of the work, which is short here.`,
];

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: String(ROUNDS) } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < PEER_SHARE) throw new Error(`--rounds takes a number, at least ${PEER_SHARE}`);
  const result = await measure(rounds);
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : asText(result));
}

async function measure(wanted: number): Promise<Result> {
  const stage = await Stage.start();
  try {
    const rounds = new Rounds(stage, new Load(stage));
    const polled = edited(readBundle(stage), 'a polled flag', POLLED);
    const peerRounds = Math.max(1, Math.round(wanted / PEER_SHARE));
    const steward = await play(rounds, ORDER, wanted - peerRounds, 0);
    const told = { ...rounds.outcomes.counts };
    const problems = steward.flatMap(({ stuck, violations }) => (stuck === undefined ? violations : [...violations, stuck]));
    writeBundle(stage, polled);
    await rounds.startAnew();
    const peer = await play(rounds, PEER_ORDER, peerRounds, wanted);
    return { machine: machine(), steward: waysOf(steward), polledFlag: waysOf(peer), told, problems, notes };
  } finally {
    await stage.stop();
  }
}

async function play(rounds: Rounds, order: readonly string[], count: number, from: number): Promise<readonly RoundResult[]> {
  const results: RoundResult[] = [];
  for (let index = 0; index < count; index += 1) {
    const result = await rounds.play(`round ${index}`, strokeNamed(order[index % order.length] ?? IN_CHAT), 'nothing more', chanceOf(SEED, from + index));
    results.push(result);
    if (result.stuck !== undefined) await rounds.startAnew();
  }
  return results;
}

function waysOf(results: readonly RoundResult[]): Ways {
  const of = (stroke: string, pick: (figures: Figures) => readonly number[]): Summary | undefined => {
    const samples = results.filter((result) => result.stroke === stroke).flatMap(({ figures }) => pick(figures));
    return samples.length === 0 ? undefined : summarise(samples);
  };
  const sum = (pick: (figures: Figures) => number): number => results.reduce((total, { figures }) => total + pick(figures), 0);
  const ways = {
    messageToLastEffect: of(IN_CHAT, ({ cameToLast }) => cameToLast),
    messageToStored: of(IN_CHAT, ({ cameToStored }) => cameToStored),
    messageToLastElsewhere: of(IN_CHAT, ({ strokeToLastElsewhere }) => strokeToLastElsewhere),
    messageToLastElsewhereWithoutLatch: of(WITHOUT_LATCH, ({ strokeToLastElsewhere }) => strokeToLastElsewhere),
    messageToLastElsewhereWithoutStorage: of(WITHOUT_STORAGE, ({ strokeToLastElsewhere }) => strokeToLastElsewhere),
    messageToAnswer: of(IN_CHAT, ({ cameToAnswer }) => cameToAnswer),
    rowToLastEffect: of(BY_HAND, ({ strokeToLastElsewhere }) => strokeToLastElsewhere),
  };
  const measured = Object.fromEntries(Object.entries(ways).filter(([, summary]) => summary !== undefined)) as Partial<Record<keyof typeof ways, Summary>>;
  return { rounds: results.length, ...measured, onTheWire: sum(({ onTheWire }) => onTheWire), carriedOut: sum(({ carriedOut }) => carriedOut) };
}

const LINES: readonly (readonly [string, keyof Omit<Ways, 'rounds' | 'onTheWire' | 'carriedOut'>])[] = [
  ['message arrives → last effect begun there', 'messageToLastEffect'],
  ['→ latch in storage', 'messageToStored'],
  ['→ last effect begun on the other process', 'messageToLastElsewhere'],
  ['→ the same, the latch out of its reach', 'messageToLastElsewhereWithoutLatch'],
  ['→ the same, all storage out of its reach', 'messageToLastElsewhereWithoutStorage'],
  ['→ the admin’s answer is sent', 'messageToAnswer'],
  ['row written by hand → last effect anywhere', 'rowToLastEffect'],
];

function asText({ machine: on, polledFlag, problems, steward, told }: Result): string {
  const rowsOf = (ways: Ways): readonly (readonly (string | number)[])[] => LINES.flatMap(([line, key]) => (ways[key] === undefined ? [] : [[line, ways[key].p50, ways[key].p99, ways[key].max, String(ways[key].count)]]));
  const wire = ({ carriedOut, onTheWire, rounds }: Ways): string => `${onTheWire} effects were on the wire in ${rounds} kills; Graph carried out ${carriedOut} of them`;
  return [
    `${on.cpu}, ${on.cores} cores, Node ${on.node}, load ${on.load1}, ${on.date}`,
    '',
    table(['Steward, milliseconds', 'p50', 'p99', 'max', 'samples'], rowsOf(steward)),
    '',
    wire(steward),
    ...Object.entries(told).map(([what, number]) => `  ${what}: ${number}`),
    '',
    table(['a polled flag, milliseconds', 'p50', 'p99', 'max', 'samples'], rowsOf(polledFlag)),
    '',
    wire(polledFlag),
    '',
    ...(problems.length > 0 ? ['Found, and must not be:', ...problems.map((problem) => `  ${problem}`), ''] : []),
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
