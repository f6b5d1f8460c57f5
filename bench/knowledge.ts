/**
 * How fast a question finds its passages, and what that takes of memory, at 1,000, 10,000 and 100,000 passages: Steward's search
 * beside vectra, which the samples of Teams AI use, and Orama; and how much of what an exact search finds each of them finds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NO_ANSWER, startChild, type Child } from './lib/child.ts';
import type { Answered, ContenderGiven, Failed, Loaded } from './lib/contender.ts';
import { DEPTH, DIMENSIONS, writeCorpus, type Corpus } from './lib/corpus.ts';
import { machine, round, summarise, table, type Machine, type Summary } from './lib/figures.ts';

const SEED = 1;
/** Passages, and how many questions are asked of each. */
const SIZES = [
  { passages: 1_000, questions: 200 },
  { passages: 10_000, questions: 200 },
  { passages: 100_000, questions: 50 },
] as const;
const QUICK = SIZES.slice(0, 2).map(({ passages }) => ({ passages, questions: 50 }));
/** Each contender is asked so many in a row, then the next, so that what else this machine does falls on all of them alike. */
const IN_A_ROW = 10;
const WARM_UP = 5;
/** Without an answer to so many questions there is nothing to say about the others. */
const LEAST = 20;
/** For loading, and for the questions of each way. */
const DEADLINE_MS = 240_000;
const MOST_MIB = 8 * 1_024;

const ways = ['vectors', 'words', 'both'] as const;
type Way = (typeof ways)[number];

interface Contender {
  readonly name: string;
  readonly file: string;
  readonly ways: readonly Way[];
  /** Keeps files of its own, written beforehand by another process. */
  readonly builds?: boolean;
}

const contenders: readonly Contender[] = [
  { name: 'Steward', file: 'children/search-steward.ts', ways },
  { name: 'vectra', file: 'children/search-vectra.ts', ways: ['vectors'], builds: true },
  { name: 'Orama', file: 'children/search-orama.ts', ways },
];

interface WayFigures {
  readonly tookMs?: Summary;
  /** Of the ten nearest by an exact search, the share that was found: said of vectors alone, since nothing else has a truth. */
  readonly recall?: number;
  readonly failed?: string;
}

interface Row {
  readonly passages: number;
  readonly name: string;
  readonly loaded?: Loaded;
  readonly ways: Readonly<Partial<Record<Way, WayFigures>>>;
  readonly failed?: string;
}

interface Result {
  readonly bench: 'knowledge';
  readonly machine: Machine;
  readonly dimensions: number;
  readonly load1AtEnd: number;
  readonly tookSeconds: number;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

const notes: readonly string[] = [
  `Passages of about 60 words from a vocabulary of 20,000 (Zipf), on 100 topics, and vectors of ${DIMENSIONS.toLocaleString('en-GB')} numbers, as many as text-embedding-3-small gives: all synthetic, from a seed, at every size. A question is seven words, five of them of one passage, and a vector near that passage’s.`,
  'With fewer than 100 questions p99 is the slowest. Time is of the search alone: embedding the question, a call to a service, takes longer than any of it.',
  'Every contender loads from files in a process of its own. Memory is what that process has beyond what it had before loading, after a collection of garbage; the peak is the most while loading. Steward’s loading checks the signature, every hash and the form of every article. The articles have no reviewed questions, by which Steward also ranks: the others have nothing of the kind.',
  `Recall is of the ${DEPTH} nearest of an exact search in 64-bit floats, by vectors alone. Words and both have no truth to compare with: their time is said, and nothing of their quality.`,
  'vectra 0.9.0 is what the samples of Teams AI ask for (^0.9.0). It has no words to search by. An index is filled by one insertion after another, each of which looks through all before it, and is kept as one file of JSON, which can be neither saved nor loaded where it is longer than V8’s longest string (half a gigabyte, 16,000 passages or so). What was filled and could not be saved is asked all the same, without figures of loading.',
  'Orama 3.1.18 with its own English tokeniser, which does not stem unless told to. Its `similarity` is 0: at the 0.8 that it has by itself it would leave out most of what is nearest. Its JavaScript arrays of the vectors stay beside its own copies until a passage has been found.',
  'Steward’s three rows are one search that ranks by one list or by both: each passage found carries its cosine and its score by words whatever ranks it, so each row costs both. Words are asked for in three languages, since that of a question is not known.',
];

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: 'boolean', default: false } } });
  const before = machine();
  const beganMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'steward-bench-'));
  try {
    const rows: Row[] = [];
    for (const { passages, questions } of values.quick ? QUICK : SIZES) {
      const corpus = writeCorpus(join(folder, String(passages)), SEED, passages, questions);
      rows.push(...(await measure(corpus)));
      rmSync(corpus.folder, { recursive: true });
    }
    const result: Result = { bench: 'knowledge', machine: before, dimensions: DIMENSIONS, load1AtEnd: machine().load1, tookSeconds: round((performance.now() - beganMs) / 1_000, 0), rows, notes };
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : asText(result));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Loaded one after the other, then asked in turns. */
async function measure(corpus: Corpus): Promise<readonly Row[]> {
  const running: Running[] = [];
  try {
    for (const contender of contenders) running.push(await Running.start(contender, corpus));
    const turns = running.flatMap((each) => each.contender.ways.map((way) => ({ each, way })));
    for (let from = 0, turn = 0; from < corpus.questions; from += IN_A_ROW, turn += 1) {
      const first = turn % turns.length;
      for (const { each, way } of [...turns.slice(first), ...turns.slice(0, first)]) await each.ask(way, from, Math.min(from + IN_A_ROW, corpus.questions));
    }
    return running.map((each) => each.row());
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

/** One contender on one corpus. What it can't do in time or within memory is its result, and it is not asked again. */
class Running {
  readonly contender: Contender;
  readonly #corpus: Corpus;
  readonly #samples = new Map<Way, { readonly tookMs: number[]; hits: number; spentMs: number }>();
  readonly #failed = new Map<Way, string>();
  #child: Child<unknown> | undefined;
  #loaded: Loaded | undefined;
  #problem: string | undefined;

  private constructor(contender: Contender, corpus: Corpus) {
    this.contender = contender;
    this.#corpus = corpus;
  }

  static async start(contender: Contender, corpus: Corpus): Promise<Running> {
    const running = new Running(contender, corpus);
    if (contender.builds === true) {
      const child = await running.#startChild();
      const built = await running.#askOf<undefined>(child, 'build');
      if (isFailed(built)) {
        // What it has in memory it can be asked.
        running.#problem = built.failed;
        if (built.gone !== true) running.#child = child;
        return running;
      }
      await child.stop();
    }
    running.#child = await running.#startChild();
    const loaded = await running.#askOf<Loaded>(running.#child, 'load');
    if (isFailed(loaded)) await running.#giveUp(loaded.failed);
    else if (loaded.rssMiB > MOST_MIB) await running.#giveUp(`takes ${loaded.rssMiB} MiB`);
    else running.#loaded = loaded;
    return running;
  }

  async ask(way: Way, from: number, to: number): Promise<void> {
    if (this.#child === undefined || this.#failed.has(way)) return;
    if (!this.#samples.has(way)) {
      const warm = await this.#askOf<Answered>(this.#child, 'ask', { way, from: 0, to: WARM_UP });
      if (isFailed(warm)) return this.#fail(way, warm);
      this.#samples.set(way, { tookMs: [], hits: 0, spentMs: 0 });
    }
    const samples = this.#samples.get(way)!;
    // Enough to say something, and too slow for more.
    if (samples.spentMs > DEADLINE_MS) return;
    const answered = await this.#askOf<Answered>(this.#child, 'ask', { way, from, to });
    if (isFailed(answered)) return this.#fail(way, answered);
    samples.tookMs.push(...answered.tookMs);
    samples.spentMs += answered.tookMs.reduce((sum, each) => sum + each, 0);
    answered.found.forEach((hashes, place) => (samples.hits += hashes.filter((hash) => this.#corpus.exact[from + place]!.includes(hash)).length));
    if (samples.spentMs > DEADLINE_MS && samples.tookMs.length < LEAST) this.#failed.set(way, `${samples.tookMs.length} questions took ${round(samples.spentMs / 60_000, 1)} minutes`);
  }

  row(): Row {
    const figures = this.contender.ways.flatMap((way): readonly (readonly [Way, WayFigures])[] => {
      const failed = this.#failed.get(way);
      if (failed !== undefined) return [[way, { failed }]];
      const samples = this.#samples.get(way);
      if (samples === undefined) return [];
      return [[way, { tookMs: summarise(samples.tookMs), ...(way === 'vectors' && { recall: round(samples.hits / (samples.tookMs.length * DEPTH), 4) }) }]];
    });
    return { passages: this.#corpus.passages, name: this.contender.name, ...(this.#loaded && { loaded: this.#loaded }), ways: Object.fromEntries(figures), ...(this.#problem !== undefined && { failed: this.#problem }) };
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }

  #startChild(): Promise<Child<unknown>> {
    const given: ContenderGiven = { folder: this.#corpus.folder };
    return startChild({ file: this.contender.file, execArgv: ['--expose-gc', `--max-old-space-size=${MOST_MIB}`], given });
  }

  async #askOf<T>(child: Child<unknown>, question: string, value?: unknown): Promise<T | Failed> {
    try {
      return (await child.ask(question, value, DEADLINE_MS)) as T | Failed;
    } catch (error) {
      // Out of memory it is gone; too slow it must not go on beside the others.
      const last = child.told().trim().split('\n').findLast((line) => /error/i.test(line));
      await child.stop();
      const problem = error instanceof Error && error.message === NO_ANSWER ? `not done in ${DEADLINE_MS / 60_000} minutes` : String(error);
      return { failed: `${question}: ${problem}${last === undefined ? '' : ` (${last.trim()})`}`, gone: true };
    }
  }

  async #fail(way: Way, { failed, gone }: Failed): Promise<void> {
    this.#failed.set(way, failed);
    if (gone === true) await this.#giveUp(failed);
  }

  async #giveUp(problem: string): Promise<void> {
    this.#problem = problem;
    await this.stop();
  }
}

function isFailed(answer: unknown): answer is Failed {
  return typeof answer === 'object' && answer !== null && 'failed' in answer;
}

function asText({ load1AtEnd, machine: on, notes: said, rows, tookSeconds }: Result): string {
  const cells = rows.flatMap(({ loaded, name, passages, ways: measured }) => {
    const loading = loaded === undefined ? ['–', '–', '–', '–'] : [loaded.loadSeconds.toFixed(1), String(loaded.rssMiB), String(loaded.heapMiB), String(loaded.peakMiB)];
    return Object.entries(measured).map(([way, { failed, recall, tookMs }], place) => [
      `${passages.toLocaleString('en-GB')}  ${name}, ${way}`,
      ...(place === 0 ? loading : ['', '', '', '']),
      ...(tookMs === undefined ? [failed === undefined ? '–' : 'failed', '–', '–'] : [tookMs.p50.toFixed(2), tookMs.p99.toFixed(2), String(tookMs.count)]),
      recall?.toFixed(4) ?? '',
    ]);
  });
  const problems = rows.flatMap(({ failed, name, passages, ways: measured }) => {
    const at = `${name} at ${passages.toLocaleString('en-GB')}`;
    return [...(failed === undefined ? [] : [`${at}: ${failed}`]), ...Object.entries(measured).flatMap(([way, figures]) => (figures.failed === undefined ? [] : [`${at}, ${way}: ${figures.failed}`]))];
  });
  return [
    `${on.cpu}, ${on.cores} cores, Node ${on.node}, load ${on.load1} before and ${load1AtEnd} after, ${on.date}, ${tookSeconds} s in all`,
    '',
    table(['passages', 'load s', 'RSS MiB', 'heap MiB', 'peak MiB', 'p50 ms', 'p99 ms', 'questions', `recall@${DEPTH}`], cells),
    '',
    ...(problems.length > 0 ? [...problems, ''] : []),
    ...said.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
