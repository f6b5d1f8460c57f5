import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { looksSecret } from '../audit/secret-shapes.ts';
import { ARTICLE_ID, articleHash } from '../knowledge/article.ts';
import { isSamePerson, problemsOf } from '../knowledge/check.ts';
import { ArticleError, readArticle } from '../knowledge/read-article.ts';
import { short, Unreadable } from './audit-words.ts';
import { REVIEWS_FILE } from './knowledge-folder.ts';
import type { Git, KnowledgeSetting } from './knowledge-services.ts';

/** `steward knowledge review`: somebody stands for exactly this text, and it is not who wrote it. */

const NEVER_REVIEWED = 'nobody has reviewed it';

export interface Reviewed {
  readonly file: string;
  readonly reviewer: string;
  readonly author: string;
  readonly hash: string;
}

/** Writes the review, or nothing. Fails with `Unreadable`, whose message says what to do. */
export async function reviewArticle(id: string, directory: string, { git, today }: Pick<KnowledgeSetting, 'git' | 'today'>): Promise<Reviewed> {
  if (!ARTICLE_ID.test(id)) throw new Unreadable(`${short(id)} is no id: lower-case words joined by hyphens, the name of the file without .md`);
  const file = join(directory, `${id}.md`);
  if (!existsSync(file)) throw new Unreadable(`there is no ${id}.md in ${directory}`);
  const text = readFileSync(file, 'utf8');
  const day = today();
  const authors = await authorsOf(git, directory, `${id}.md`);
  const reviewer = await reviewerOf(git, directory);
  const own = authors.find((author) => isSamePerson(author, reviewer));
  if (own !== undefined) throw new Unreadable(`${reviewer} changed ${id}.md last: somebody else has to review it. Whom git takes you for is said by \`git config user.email\``);
  const [author = ''] = authors;
  const article = readOrSay(id, text);
  const hash = articleHash(article);
  const problems = problemsOf({ ...article, review: { hash, reviewer, author, reviewed: day } }, day, looksSecret).filter((problem) => problem !== NEVER_REVIEWED);
  if (problems.length > 0) throw new Unreadable(`${id}.md can’t be reviewed as it is: ${problems.join('; ')}`);
  writeFileSync(file, withReview(text, reviewer, day));
  appendFileSync(join(directory, REVIEWS_FILE), `${JSON.stringify({ id, hash, reviewer, author, reviewed: day })}\n`);
  return { file, reviewer, author, hash };
}

function readOrSay(id: string, text: string): ReturnType<typeof readArticle>['article'] {
  try {
    return readArticle(`${id}.md`, text).article;
  } catch (error) {
    if (error instanceof ArticleError) throw new Unreadable(`${id}.md can’t be reviewed as it is: ${error.problems.join('; ')}`);
    throw error;
  }
}

/** Whoever made the last commit of a file, and who made it with them. Unknown is a no: then nobody knows whose text it is. */
async function authorsOf(git: Git, directory: string, file: string): Promise<readonly string[]> {
  const changed = await said(git, ['status', '--porcelain', '--', file], directory, 'this folder is in no git repository, so nobody knows who wrote the article: put it under version control first');
  if (changed.trim() !== '') throw new Unreadable(`${file} has changes that are not committed: commit them first, so that it is known whose they are`);
  const log = await said(git, ['log', '-1', '--format=%an <%ae>%n%(trailers:key=Co-authored-by,valueonly)', '--', file], directory, `the history of ${file} can’t be read`);
  const authors = log.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (authors.length === 0) throw new Unreadable(`${file} was never committed: commit it first, so that it is known whose it is`);
  return authors;
}

async function reviewerOf(git: Git, directory: string): Promise<string> {
  const identity = await said(git, ['var', 'GIT_AUTHOR_IDENT'], directory, 'git does not know who you are: set `git config user.name` and `git config user.email`');
  const name = /^(.*<[^<>]+>)/.exec(identity)?.[1]?.trim();
  if (name === undefined) throw new Unreadable('git does not know who you are: set `git config user.name` and `git config user.email`');
  return name;
}

async function said(git: Git, words: readonly string[], directory: string, otherwise: string): Promise<string> {
  try {
    return await git(words, directory);
  } catch {
    throw new Unreadable(otherwise);
  }
}

/** The rest of the file stays as it is, to the byte. */
function withReview(text: string, reviewer: string, day: string): string {
  const end = text.indexOf('\n---', 3);
  const front = text.slice(0, end).replace(/\nreview(?:er|ed):[^\n]*/g, '');
  // As YAML would have to read it: a name may hold what means something there.
  return `${front}\nreviewer: ${JSON.stringify(reviewer)}\nreviewed: ${day}${text.slice(end)}`;
}
