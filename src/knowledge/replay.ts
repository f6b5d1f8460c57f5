import { compare, judgeAll, nearEnough, retrieve, type AnswerSettings } from './answer.ts';
import { sha256, type Article, type Passage } from './article.ts';
import type { ProposedSentence } from './ground.ts';
import { Asked } from './relevance.ts';
import type { Search } from './search.ts';

/** An answer, made again from what was kept of it, on the index of its time. Neither model nor network takes part. */

/** What was kept of an answer: by the ledger and, sealed, beside it. */
export interface KeptAnswer {
  readonly question: string;
  readonly vector: Int8Array;
  readonly proposed: readonly ProposedSentence[];
  readonly passages: readonly { readonly hash: string; readonly similarity: number; readonly lexical: number; readonly score: number }[];
  /** SHA-256 of each sentence that was said, and the passage that it cited. */
  readonly kept: readonly { readonly digest: string; readonly hash: string }[];
}

export interface Replay {
  /** Each passage that was found, as the index of that time has it; undefined for one that it does not have. */
  readonly passages: readonly ({ readonly article: Article; readonly passage: Passage } | undefined)[];
  /** The same passages with the same scores, in the same order. */
  readonly isFoundAgain: boolean;
  /** Every sentence that was said passes again, by its words. */
  readonly isKeptAgain: boolean;
  /** What each sentence that was said cites. */
  readonly cited: readonly ({ readonly article: Article; readonly passage: Passage } | undefined)[];
}

/** Scores are sums of floating-point numbers, and another Node may round a logarithm another way. */
const ROUNDING = 1e-6;

/** `may` as it was for the person, the place and the day. */
export function replay(kept: KeptAnswer, search: Search, may: (article: Article) => boolean, { thresholds }: Pick<AnswerSettings, 'thresholds'>): Replay {
  const again = retrieve(kept.question, kept.vector, search, may);
  const isFoundAgain =
    again.length === kept.passages.length &&
    again.every(({ lexical, passage, score, similarity }, at) => {
      const recorded = kept.passages[at];
      return recorded?.hash === passage.hash && [[recorded.similarity, similarity], [recorded.lexical, lexical], [recorded.score, score]].every(([one = NaN, other = NaN]) => Math.abs(one - other) <= ROUNDING * Math.max(1, Math.abs(one)));
    });
  const asked = new Asked(kept.question, search);
  const near = nearEnough(asked, again, compare(kept.question, kept.vector, search, may), thresholds);
  const judged = judgeAll(kept.proposed, near, asked, thresholds);
  const passing = new Set(judged.flatMap((each) => ('support' in each ? [`${sha256(each.text)} ${each.support.found.passage.hash}`] : [])));
  return {
    passages: kept.passages.map(({ hash }) => search.passage(hash)),
    isFoundAgain,
    isKeptAgain: kept.kept.every(({ digest, hash }) => passing.has(`${digest} ${hash}`)),
    cited: kept.kept.map(({ hash }) => search.passage(hash)),
  };
}
