import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { errorCode } from '../errors.ts';
import { nearestOf, type Answer } from '../knowledge/answer.ts';
import { linkOf } from '../knowledge/article.ts';
import { ArticleError } from '../knowledge/read-article.ts';
import type { Finding } from '../knowledge/check.ts';
import { jsonOf, lineOf, row } from './audit-text.ts';
import { counted } from './audit-verify.ts';
import { Misuse, short, Unreadable } from './audit-words.ts';
import type { ExitStatus, Output } from './command.ts';
import { readFolder, REVIEWS_FILE } from './knowledge-folder.ts';
import * as building from './knowledge-build.ts';
import { reviewArticle } from './knowledge-review.ts';
import type { KnowledgeServices, KnowledgeSetting } from './knowledge-services.ts';
import { KNOWLEDGE_USAGE } from './knowledge-usage.ts';

/** `steward knowledge`: what authors, reviewers and operators do with articles. */

const OPTIONS = ['--dir', '--out', '--index', '--role', '--json'] as const;
type Option = (typeof OPTIONS)[number];

interface Typed {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<Option, string>;
}

/** 0: it holds, or was done, or there is an answer. 1: something was found, or there is none. 2: typed wrongly. */
export async function knowledgeCommand([command, ...rest]: readonly string[], output: Output, setting: KnowledgeSetting): Promise<ExitStatus> {
  try {
    const typed = typedIn(rest);
    const directory = resolve(typed.options.get('--dir') ?? join(setting.root, 'src/knowledge/articles'));
    switch (command) {
      case 'check':
        return check(only(typed, ['--dir', '--json'], 0), directory, output, setting);
      case 'review':
        return await review(only(typed, ['--dir'], 1), directory, output, setting);
      case 'draft':
        return await draft(only(typed, ['--dir'], 1), directory, output);
      case 'build':
        return await build(only(typed, ['--dir', '--out'], 0), directory, output, setting);
      case 'ask':
        return await ask(only(typed, ['--dir', '--index', '--role', '--json'], 1), directory, output, setting);
      case undefined:
        throw new Misuse('`knowledge` needs to know what: check, review, draft, build or ask');
      default:
        throw new Misuse(`\`knowledge\` does not know \`${short(command)}\`: check, review, draft, build or ask`);
    }
  } catch (error) {
    const code = errorCode(error);
    if (!(error instanceof Misuse || error instanceof Unreadable || error instanceof ArticleError) && code === 'UNEXPECTED') throw error;
    output.complain(`steward: ${error instanceof Error ? error.message : code}\n${error instanceof Misuse ? `\n${KNOWLEDGE_USAGE}` : ''}`);
    return error instanceof Misuse ? 2 : 1;
  }
}

function typedIn(given: readonly string[]): Typed {
  const words: string[] = [];
  const options = new Map<Option, string>();
  for (let at = 0; at < given.length; at += 1) {
    const word = given[at] ?? '';
    const option = OPTIONS.find((each) => each === word);
    if (word.startsWith('--') && option === undefined) throw new Misuse(`there is no option \`${short(word)}\``);
    if (option === undefined) {
      words.push(word);
      continue;
    }
    if (options.has(option)) throw new Misuse(`\`${option}\` is there twice`);
    const value = option === '--json' ? '' : given[(at += 1)];
    if (value === undefined || value.startsWith('--')) throw new Misuse(`\`${option}\` needs a value`);
    options.set(option, value);
  }
  return { words, options };
}

function only(typed: Typed, options: readonly Option[], words: number): Typed {
  const other = [...typed.options.keys()].find((option) => !options.includes(option));
  if (other !== undefined) throw new Misuse(`\`${other}\` has no meaning here`);
  if (typed.words.length !== words) throw new Misuse(words === 0 ? `nobody knows what \`${short(typed.words[0])}\` means here` : typed.words.length === 0 ? 'something is missing' : 'that is too much: a question stands in quotation marks');
  return typed;
}

// --- check, review, draft -------------------------------------------------------------------------------------------

function check({ options }: Typed, directory: string, { print }: Output, { today }: KnowledgeSetting): ExitStatus {
  const { articles, findings } = readFolder(directory, today());
  const wrong = findings.filter(({ warning }) => warning !== true);
  const status = wrong.length > 0 ? 1 : 0;
  if (options.has('--json')) {
    print(jsonOf({ holds: status === 0, articles: articles.length, findings }));
    return status;
  }
  const told = articles.length === 0 && findings.length === 0 ? ['There is no article yet: `knowledge draft FILE` makes the first one of a text that you have, and docs/knowledge.md says how to write one.'] : linesOf(findings);
  print(`${[...told, `${counted(articles.length, 'article')}, ${wrong.length === 0 ? 'all may be said' : counted(wrong.length, 'problem')}${findings.length > wrong.length ? `, ${counted(findings.length - wrong.length, 'warning')}` : ''}.`].join('\n')}\n`);
  return status;
}

function linesOf(findings: readonly Finding[]): readonly string[] {
  const ids = [...new Set(findings.map(({ article }) => article))];
  return ids.flatMap((id) => [lineOf(id), ...findings.filter(({ article }) => article === id).map(({ problem, warning }) => row(warning === true ? '  warning' : '  ', lineOf(problem), warning === true ? 10 : 2))]);
}

async function review({ words: [id = ''] }: Typed, directory: string, { print }: Output, setting: KnowledgeSetting): Promise<ExitStatus> {
  const { author, hash, reviewer } = await reviewArticle(id, directory, setting);
  print(`${id} is reviewed as it is now (${hash.slice(0, 8)}): written by ${lineOf(author)}, read by ${lineOf(reviewer)}.\nCommit ${id}.md and ${REVIEWS_FILE}. Any later edit of the article takes the review away.\n`);
  return 0;
}

async function draft({ words: [file = ''] }: Typed, directory: string, { print }: Output): Promise<ExitStatus> {
  if (!existsSync(file)) throw new Unreadable(`there is no file ${short(file)}`);
  if (!existsSync(directory)) throw new Unreadable(`there is no folder ${directory}: make it, or name another with --dir`);
  const { DraftError, draftOf } = await import('./knowledge-draft.ts');
  try {
    const { id, notes, text } = await draftOf({ name: basename(file), bytes: readFileSync(file) });
    const at = join(directory, `${id}.md`);
    if (existsSync(at)) throw new Unreadable(`there is an article ${id} already, and it was left alone: move it away, or change the title of the text`);
    writeFileSync(at, text, { flag: 'wx' });
    print(`${[...notes.map((note) => row('note', lineOf(note), 6)), `${at} is written, and nothing of it is said before somebody reviewed it.`, 'Next: read it, fill in owner and expires, `knowledge check`, commit, and have somebody else `knowledge review` it.'].join('\n')}\n`);
    return 0;
  } catch (error) {
    if (error instanceof DraftError) throw new Unreadable(error.message);
    throw error;
  }
}

// --- build, ask -----------------------------------------------------------------------------------------------------

/** Fails with `Unreadable` while something in the folder must not be said. */
function sound(directory: string, today: string): ReturnType<typeof readFolder>['articles'] {
  const { articles, findings } = readFolder(directory, today);
  const wrong = findings.filter(({ warning }) => warning !== true);
  if (wrong.length > 0) throw new Unreadable(`no index is built while something must not be said:\n${linesOf(wrong).join('\n')}`);
  return articles;
}

async function withServices<T>({ services }: KnowledgeSetting, { complain }: Output, work: (services: KnowledgeServices) => Promise<T>): Promise<T> {
  const opened = await services();
  try {
    if (opened.note !== undefined) complain(`${opened.note}\n`);
    return await work(opened);
  } finally {
    opened.close();
  }
}

async function build({ options }: Typed, directory: string, output: Output, setting: KnowledgeSetting): Promise<ExitStatus> {
  const out = options.get('--out');
  if (out === undefined) throw new Misuse('`knowledge build` needs --out and a directory');
  const articles = sound(directory, setting.today());
  const { bytes, digest, dimensions, embedded, files, model, passages } = await withServices(setting, output, async (services) => ({ ...(await building.build(articles, services, building.builtBefore(out))), model: services.model }));
  building.writeIndex(out, files);
  output.print(`Index       ${digest}\nArticles    ${articles.length.toLocaleString('en-GB')}, ${counted(passages, 'passage')}\nVectors     ${model}, ${dimensions} dimensions; ${counted(embedded, 'text')} embedded anew\nWritten     ${out}, ${bytes.toLocaleString('en-GB')} bytes and a signature\n`);
  return 0;
}

const CACHE = 'node_modules/.cache/steward/knowledge';

async function ask({ options, words: [question = ''] }: Typed, directory: string, output: Output, setting: KnowledgeSetting): Promise<ExitStatus> {
  const role = options.get('--role') ?? 'employee';
  if (!['employee', 'helpdesk', 'admin'].includes(role)) throw new Misuse('`--role` takes employee, helpdesk or admin');
  if (question.trim() === '' || question.length > 500) throw new Misuse('a question has 1 to 500 characters');
  const index = options.get('--index') ?? setting.environment['STEWARD_KNOWLEDGE_DIR'];
  const files = index === undefined ? undefined : building.filesIn(index);
  if (index !== undefined && files === undefined) throw new Unreadable(`there is no whole index in ${index}: index.json, vectors.f32 and signature.json`);
  const articles = files === undefined ? sound(directory, setting.today()) : [];
  const contract = readFileSync(join(setting.root, 'prompts/knowledge/skprompt.txt'), 'utf8');
  const given = await withServices(setting, output, async (services) => {
    const cache = join(setting.root, CACHE);
    const made = files ?? (await building.build(articles, services, building.builtBefore(cache))).files;
    // What was embedded once is not paid for twice.
    if (files === undefined) building.writeIndex(cache, made);
    return building.ask(question, made, ['employee', role], contract, services, setting.today());
  });
  output.print(options.has('--json') ? jsonOf(documentOf(given)) : `${textOf(given)}\n`);
  return given.refusal === undefined ? 0 : 1;
}

/** All of how an answer came about. */
function documentOf({ dropped, index, kept, question, refusal, retrieved }: Answer): unknown {
  const sources = [...new Set(kept.map(({ support }) => support.found))];
  return {
    question,
    answered: refusal === undefined,
    ...(refusal !== undefined && { refusal, nearest: nearestOf(retrieved).map(({ id, owner, title }) => ({ id, title, owner: owner.name })) }),
    sentences: kept.map(({ agreement, support, text }) => ({ text, citation: sources.indexOf(support.found) + 1, verbatim: support.verbatim, overlap: support.overlap, agreement })),
    citations: sources.map(({ article, passage }, at) => ({ citation: at + 1, article: article.id, title: article.title, heading: passage.heading, passage: passage.hash, owner: article.owner.name, reviewed: article.review?.reviewed, reviewer: article.review?.reviewer, expires: article.expires, link: linkOf(article) })),
    dropped,
    retrieved: retrieved.map(({ article, lexical, passage, score, similarity }) => ({ article: article.id, heading: passage.heading, passage: passage.hash, similarity, lexical, score })),
    index,
  };
}

function textOf(given: Answer): string {
  const { kept, refusal, retrieved } = given;
  if (refusal !== undefined) return [`No reviewed article answers that (${refusal}).`, ...nearestOf(retrieved).map(({ owner, title }) => row('nearest', `${lineOf(title)} (${lineOf(owner.name)})`, 9))].join('\n');
  const sources = [...new Set(kept.map(({ support }) => support.found))];
  return [
    ...kept.map(({ support, text }) => row('', `${lineOf(text)} [${sources.indexOf(support.found) + 1}]`, 0)),
    '',
    ...sources.map(({ article, passage }, at) => row(`[${at + 1}]`, `${lineOf(article.title)}${passage.heading === '' ? '' : ` – ${lineOf(passage.heading)}`}; ${lineOf(article.owner.name)}, reviewed ${article.review?.reviewed ?? ''}${linkOf(article) === undefined ? '' : `; ${lineOf(linkOf(article) ?? '')}`}`, 4)),
  ].join('\n');
}
