import { articleHash, type Article, type ArticleText, type Review } from './article.ts';

/** What must hold of every article, when the index is built and again when it is loaded: a signature says who built it, not that it may be said. */

export interface Finding {
  readonly article: string;
  readonly problem: string;
  /** Only a warning: it still holds. */
  readonly warning?: boolean;
}

/** Whether a text has a credential's shape in it; comes from the part that knows them. */
export type LooksSecret = (text: string) => boolean;

const WARN_DAYS = 30;
const DAY_MS = 86_400_000;
const GUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;
/** The keys of records in ServiceNow, and other ids of 32 hex characters. */
const HEX_ID = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/i;
const MAIL = /[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,}/;
const HANDLE = /\b(?:person|device|group|licence|ticket|app|text)_[a-z2-7]{6,40}\b/;
/** Nothing that a reader sees: where text is hidden from reviewers. */
export const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2800]|(?![\n\t])\p{Cc}/u;

/**
 * Text that speaks to a program instead of a reader. An article that needs such words, about phishing say, can say the
 * same in others. Sources: OWASP Top 10 for LLM applications 2025, LLM01; MITRE ATLAS AML.T0051.
 */
const POISON: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|other|your|these|those|system|former)\b.{0,30}\b(?:instructions?|prompts?|rules?|articles?|passages?|context|guidelines?|constraints?|directions?)\b/is,
  /\b(?:ignoriere?|vergiss|missachte|übergehe)\b.{0,40}\b(?:anweisung\w*|regeln?|vorgaben?|artikel|kontext)\b/is,
  /\b(?:ignore[zr]?|oublie[zr]?|néglige[zr]?)\b.{0,40}\b(?:instructions?|consignes?|règles?|articles?|contexte)\b/is,
  /\b(?:you are|act as|behave as|pretend to be|du bist|tu es|vous êtes)\b.{0,30}\b(?:assistant|ai|model|chatbot|bot|language model|llm|steward|gpt|assistent|modell|modèle|developer mode)\b/is,
  /\b(?:system|developer) (?:prompt|message|instruction)s?\b/i,
  /<\|?(?:im_start|im_end|system|assistant|user|endoftext)\|?>|\[\/?INST\]|<\/?s>|^\s*#{0,3}\s*(?:system|assistant)\s*:/im,
  /\b(?:call|invoke|execute)\b.{0,20}\b(?:tool|function|action|plugin)\b/is,
  /\b(?:the|this|any|every) (?:assistant|model|bot|ai)\b.{0,20}\b(?:must|should|shall|has to|will|answers?|responds?)\b/is,
  /\b(?:answer|respond|reply)\b.{0,20}\b(?:every|all|any)\b.{0,20}\bquestions?\b/is,
  /\b(?:when|if|whenever)\b.{0,20}\b(?:you(?:'|’)?(?:re| are) asked|an? user asks|the user asks|users ask)\b.{0,40}\b(?:say|answer|reply|respond|tell|output)\b/is,
  /\bsteward\b.{0,30}\b(?:must|should|shall|will|soll|muss|doit)\b/is,
];

/** What is wrong with one article on its own. `today` is a day such as `2026-01-31`. */
export function problemsOf(article: Article, today: string, looksSecret: LooksSecret): readonly string[] {
  return [...standing(article, today), ...unsayable(article, looksSecret)];
}

/** Whether an article may be said on that day: owned, reviewed as it is, by somebody else than who wrote it, not expired. */
export function standing(article: Article, today: string): readonly string[] {
  const { expires, owner, review } = article;
  const problems: string[] = [];
  if (owner.name.trim() === '' || owner.mail.trim() === '') problems.push('has no owner');
  if (review === undefined) problems.push('nobody has reviewed it');
  else if (review.hash !== articleHash(article)) problems.push('was changed since it was reviewed');
  else if (isSamePerson(review.reviewer, review.author)) problems.push('was reviewed by its own author');
  else if (review.reviewed > today) problems.push('was reviewed in the future');
  if (expires < today) problems.push(`expired on ${expires}`);
  return problems;
}

/** What must not be in it, whoever reviewed it. */
export function unsayable(article: ArticleText, looksSecret: LooksSecret): readonly string[] {
  const texts = [article.title, article.owner.name, ...article.sources, ...article.questions, ...article.unanswered, ...article.passages.flatMap(({ heading, text }) => [heading, text])];
  const has = (shape: RegExp): boolean => texts.some((text) => shape.test(text));
  const problems: string[] = [];
  if (texts.some(looksSecret)) problems.push('has something in it that looks like a secret');
  if (has(GUID) || has(HEX_ID) || has(HANDLE)) problems.push('has an internal id in it');
  if (has(MAIL)) problems.push('has a mail address in it: name a team');
  if (has(INVISIBLE)) problems.push('has invisible characters in it');
  if (texts.some((text) => POISON.some((shape) => shape.test(text.normalize('NFKC'))))) problems.push('has text in it that speaks to a program instead of a reader');
  return problems;
}

/** Everything about a whole folder. `links` are those of each article, by its id. */
export function findingsOf(articles: readonly Article[], links: ReadonlyMap<string, readonly string[]>, today: string, looksSecret: LooksSecret): readonly Finding[] {
  const ids = new Set(articles.map(({ id }) => id));
  const found = articles.flatMap((article) => [
    ...problemsOf(article, today, looksSecret).map((problem) => ({ article: article.id, problem })),
    ...(links.get(article.id) ?? []).filter((link) => !ids.has(link)).map((link) => ({ article: article.id, problem: `links to ${link}, which there is not` })),
    ...expiringSoon(article, today),
  ]);
  return [...found, ...duplicates(articles)];
}

function expiringSoon({ expires, id }: Article, today: string): readonly Finding[] {
  const days = Math.round((Date.parse(expires) - Date.parse(today)) / DAY_MS);
  return days < 0 || days > WARN_DAYS ? [] : [{ article: id, problem: days === 0 ? 'expires today' : `expires in ${days === 1 ? 'a day' : `${days} days`}`, warning: true }];
}

/** The same id, the same title in one language, or the same text twice: two owners of one claim would drift apart. */
function duplicates(articles: readonly Article[]): readonly Finding[] {
  const seen = new Map<string, string>();
  return articles.flatMap((article) => {
    const keys = [`the id ${article.id}`, `the title “${article.title.toLowerCase()}” in ${article.language}`, ...article.passages.map(({ text }) => `the text “${text.toLowerCase().slice(0, 60)}…”\u0000${text.toLowerCase()}`)];
    return keys.flatMap((key) => {
      const other = seen.get(key);
      if (other === undefined) seen.set(key, article.id);
      return other === undefined ? [] : [{ article: article.id, problem: `has ${key.split('\u0000', 1)[0] ?? ''} as ${other === article.id ? 'it has already' : other}` }];
    });
  });
}

/** Names or mail addresses of people, compared without case and blanks. Unknown is nobody else. */
export function isSamePerson(one: string, other: string): boolean {
  const [first, second] = [one, other].map((name) => (/<([^<>]+)>/.exec(name)?.[1] ?? name).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim());
  return first === second || first === '' || second === '';
}

/** Puts the newest review of exactly this text beside it. */
export function reviewed(article: ArticleText, reviews: readonly (Review & { readonly id: string })[]): Article {
  const own = reviews.filter(({ id }) => id === article.id);
  const found = own.findLast(({ hash }) => hash === articleHash(article)) ?? own.at(-1);
  return found === undefined ? article : { ...article, review: { hash: found.hash, reviewer: found.reviewer, author: found.author, reviewed: found.reviewed } };
}
