import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { looksSecret } from '../audit/secret-shapes.ts';
import { review, type Article, type Review } from '../knowledge/article.ts';
import { findingsOf, reviewed, type Finding } from '../knowledge/check.ts';
import { ArticleError, readArticle } from '../knowledge/read-article.ts';
import { Unreadable } from './audit-words.ts';

/** A folder of articles as its authors keep it: `ID.md`, and `reviews.jsonl` with a line for each review. */

export const REVIEWS_FILE = 'reviews.jsonl';

export interface Folder {
  readonly directory: string;
  /** Those that could be read, by id, each with the newest review of exactly this text. */
  readonly articles: readonly Article[];
  readonly findings: readonly Finding[];
}

/** Fails with `Unreadable` for a folder that there is not. `today` is a day such as `2026-01-31`. */
export function readFolder(directory: string, today: string): Folder {
  if (!existsSync(directory)) throw new Unreadable(`there is no folder ${directory}: make it, or name another with --dir`);
  const names = readdirSync(directory).filter((name) => !name.startsWith('.')).sort();
  const findings: Finding[] = [];
  const { problems, reviews } = readReviews(directory);
  findings.push(...problems);
  const articles: Article[] = [];
  const links = new Map<string, readonly string[]>();
  for (const name of names) {
    if (name === REVIEWS_FILE || name === 'README.md') continue;
    const id = name.replace(/\.md$/, '');
    if (!name.endsWith('.md')) {
      findings.push({ article: name, problem: 'is no article: its name does not end in .md', warning: true });
      continue;
    }
    try {
      const text = readFileSync(join(directory, name), 'utf8');
      const read = readArticle(name, text);
      // Where links lead is not said, and stands in the file all the same.
      if (looksSecret(text)) findings.push({ article: id, problem: 'has something in its file that looks like a secret' });
      const article = reviewed(read.article, reviews);
      articles.push(article);
      links.set(article.id, read.links);
      findings.push(...statedProblems(article, read.stated));
    } catch (error) {
      if (!(error instanceof ArticleError)) throw error;
      findings.push(...error.problems.map((problem) => ({ article: id, problem })));
    }
  }
  const ids = new Set(names.map((name) => name.replace(/\.md$/, '')));
  findings.push(...[...new Set(reviews.map(({ id }) => id))].filter((id) => !ids.has(id)).map((id) => ({ article: id, problem: 'has reviews, but there is no such article', warning: true })));
  return { directory, articles, findings: [...findings, ...findingsOf(articles, links, today, looksSecret)] };
}

/** What the front matter says is for readers of the file; it must not say something else than the review. */
function statedProblems({ id, review: given }: Article, stated: { readonly reviewer?: string | undefined; readonly reviewed?: string | undefined }): readonly Finding[] {
  if (stated.reviewer === undefined && stated.reviewed === undefined) return [];
  const isSame = given !== undefined && stated.reviewer === given.reviewer && stated.reviewed === given.reviewed;
  return isSame ? [] : [{ article: id, problem: `its front matter names a review that ${REVIEWS_FILE} does not have` }];
}

const reviewLine = (line: string): (Review & { readonly id: string }) | undefined => {
  try {
    const { id, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const parsed = review.safeParse(rest);
    return parsed.success && typeof id === 'string' ? { id, ...parsed.data } : undefined;
  } catch {
    return undefined;
  }
};

function readReviews(directory: string): { readonly reviews: readonly (Review & { readonly id: string })[]; readonly problems: readonly Finding[] } {
  const file = join(directory, REVIEWS_FILE);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line.trim() !== '') : [];
  const read = lines.map(reviewLine);
  return {
    reviews: read.flatMap((each) => each ?? []),
    problems: read.flatMap((each, at) => (each === undefined ? [{ article: REVIEWS_FILE, problem: `line ${at + 1} is no review`, warning: true }] : [])),
  };
}
