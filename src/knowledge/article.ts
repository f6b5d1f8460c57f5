import { createHash } from 'node:crypto';
import { z } from 'zod/v4';

/** One hand-reviewed piece of knowledge: all that Steward may say is quoted from these. */

export const languages = ['en', 'de', 'fr'] as const;
export type Language = (typeof languages)[number];

/** Who may be told. In a group everybody reads along, so there only what is for everyone is said. */
export const audiences = ['everyone', 'helpdesk', 'admin'] as const;
export type Audience = (typeof audiences)[number];

/** One section of an article, or a part of a long one: the smallest thing that is found and cited. */
export interface Passage {
  /** The heading it stands under; empty before the first. */
  readonly heading: string;
  /** Plain text; a paragraph or an item of a list on each line. */
  readonly text: string;
  /** SHA-256 over article, heading and text: what the ledger keeps. */
  readonly hash: string;
}

/** Somebody read exactly this text and stands for it. */
export interface Review {
  /** Of the article as it was read. */
  readonly hash: string;
  readonly reviewer: string;
  /** Who changed the article last, when it was reviewed. */
  readonly author: string;
  /** The day, `2026-01-31`. */
  readonly reviewed: string;
}

/** What an author writes, without the review. */
export interface ArticleText {
  /** Lower case, words joined by hyphens: the name of its file. */
  readonly id: string;
  readonly title: string;
  readonly language: Language;
  readonly audience: Audience;
  /** A team, and the mail address of the person in it who hears what readers say. */
  readonly owner: { readonly name: string; readonly mail: string };
  /** The last day on which it may be said, `2027-06-30`. */
  readonly expires: string;
  /** What it rests on. The first address among them is where a citation leads. */
  readonly sources: readonly string[];
  /** Questions as readers ask them that it answers, and such on its subject that it does not: both are reviewed with it. */
  readonly questions: readonly string[];
  readonly unanswered: readonly string[];
  /** SHA-256 of the Markdown below the front matter. */
  readonly body: string;
  readonly passages: readonly Passage[];
}

export interface Article extends ArticleText {
  /** Undefined: nobody reviewed it as it is now. */
  readonly review?: Review | undefined;
}

const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const HASH = /^[0-9a-f]{64}$/;
export const ARTICLE_ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

const day = z.string().regex(DAY, 'must be a day such as 2027-06-30');
const line = (most: number) => z.string().min(1).max(most).regex(/^\P{Cc}*$/u, 'must be one line');
export const articleId = z.string().max(60).regex(ARTICLE_ID, 'must be lower-case words joined by hyphens');

/** `Service Desk <name@example.com>` */
const OWNER = /^([^<>]{1,80}?)\s*<([^\s<>@]{1,64}@[^\s<>@]{1,190})>$/;

const question = line(200);
const MOST_QUESTIONS = 200;
const questionList = z.array(question).max(MOST_QUESTIONS).default([]);

/** The front matter as an author writes it. `reviewer` and `reviewed` are written by the command that reviews. */
export const frontMatter = z.strictObject({
  id: articleId,
  title: line(120),
  language: z.enum(languages),
  audience: z.enum(audiences),
  owner: z
    .string('must be a team and a mail address: Service Desk <name@example.com>')
    .regex(OWNER, 'must be a team and a mail address: Service Desk <name@example.com>')
    .transform((text) => {
      const [, name = '', mail = ''] = OWNER.exec(text) ?? [];
      return { name, mail: mail.toLowerCase() };
    }),
  expires: day,
  sources: z.array(line(300)).min(1, 'must name at least one'),
  reviewer: line(120).optional(),
  reviewed: day.optional(),
});

/** What stands under the text: questions as readers ask them, which it answers or does not. */
export const endMatter = z.strictObject({ questions: questionList, unanswered: questionList });

export const review: z.ZodType<Review> = z.strictObject({ hash: z.string().regex(HASH), reviewer: line(120), author: line(120), reviewed: day });

const passage: z.ZodType<Passage> = z.strictObject({ heading: z.string().max(200), text: z.string().min(1).max(4_000), hash: z.string().regex(HASH) });

/** As it stands in an index. */
export const article: z.ZodType<Article> = z.strictObject({
  id: articleId,
  title: line(120),
  language: z.enum(languages),
  audience: z.enum(audiences),
  owner: z.strictObject({ name: z.string().max(80), mail: z.string().max(254) }),
  expires: day,
  sources: z.array(line(300)),
  questions: z.array(question).max(MOST_QUESTIONS),
  unanswered: z.array(question).max(MOST_QUESTIONS),
  body: z.string().regex(HASH),
  passages: z.array(passage).max(200),
  review: review.optional(),
});

export function passageHash(id: string, { heading, text }: Omit<Passage, 'hash'>): string {
  return sha256(JSON.stringify([id, heading, text]));
}

/** Over everything a reviewer answers for: an edit of any of it, also of what is not said, makes it another article. */
export function articleHash({ audience, body, expires, id, language, owner, passages, questions, sources, title, unanswered }: ArticleText): string {
  return sha256(JSON.stringify([id, title, language, audience, owner.name, owner.mail, expires, sources, questions, unanswered, body, passages.map(({ hash }) => hash)]));
}

/** Where a citation leads: the first https address among the sources. */
export function linkOf({ sources }: Pick<ArticleText, 'sources'>): string | undefined {
  return sources.find((source) => source.startsWith('https://'));
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
