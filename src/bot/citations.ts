import { linkOf } from '../knowledge/article.ts';
import type { KeptSentence } from '../knowledge/answer.ts';
import type { Found } from '../knowledge/search.ts';
import { inertName, inertWhole, wholeInMarkdown, type Citation } from './say.ts';
import { en } from './wording/en.ts';

/** Limits of Teams: learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content */
const MOST_NAME = 80;
const MOST_ABSTRACT = 160;
const MOST_KEYWORD = 28;
/** Teams shows so many. */
const MOST_CITATIONS = 10;

/**
 * The text of an answer with its numbers, and what stands behind each number. What comes from one passage stands together and
 * in the passage's order: steps are read one after the other.
 */
export function citationsOf(kept: readonly KeptSentence[], isLinkable: (link: string) => boolean): { readonly text: string; readonly entries: readonly Citation[] } {
  const passages = [...new Set(kept.map(({ support }) => support.found))].slice(0, MOST_CITATIONS);
  const lines = passages.flatMap((found, at) =>
    kept
      .filter(({ support }) => support.found === found)
      .sort((one, other) => found.passage.text.indexOf(one.support.source) - found.passage.text.indexOf(other.support.source))
      .map(({ text }) => `${wholeInMarkdown(text)} [${at + 1}]`),
  );
  const isQuoted = kept.every(({ support }) => support.verbatim);
  const note = isQuoted ? en.answers.quoted : en.answers.rephrased;
  return { text: [...lines, note].join('\n\n'), entries: passages.map((found, at) => entryOf(found, at + 1, isLinkable)) };
}

function entryOf({ article, passage }: Found, position: number, isLinkable: (link: string) => boolean): Citation {
  const link = linkOf(article);
  const heading = passage.heading === '' || passage.heading === article.title ? '' : ` – ${passage.heading}`;
  return {
    position,
    name: cut(inertWhole(`${article.title}${heading}`), MOST_NAME),
    // Not every client shows keywords.
    abstract: cut(`${en.answers.reviewed(article.review?.reviewed ?? '')}. ${inertWhole(passage.text)}`, MOST_ABSTRACT),
    keywords: [en.answers.reviewed(article.review?.reviewed ?? ''), inertName(article.owner.name)].map((keyword) => cut(keyword, MOST_KEYWORD)),
    ...(link !== undefined && isLinkable(link) && { url: link }),
  };
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
