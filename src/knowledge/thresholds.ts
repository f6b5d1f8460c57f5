import { StewardError } from '../errors.ts';
import type { Thresholds } from './relevance.ts';

/** What counts as words, whatever embeds: measured on the first half of test/knowledge. */
const BY_WORDS = { coverage: 0.4, sentenceCoverage: 0.35, unknown: 0.5, known: 0.14, doubtful: -0.05 };

/**
 * What counts as near, by embedding model: each has a scale of its own, so a model without a row is refused.
 * The row of the local model is measured (test/knowledge). Those of Azure OpenAI could not be measured without Azure: they are
 * set where its documentation and published measurements put unrelated texts, below any quotation, so that words decide first.
 */
const BY_MODEL: ReadonlyMap<string, Pick<Thresholds, 'similarity' | 'agreement'>> = new Map([
  ['universal-sentence-encoder-lite', { similarity: 0.25, agreement: 0.6 }],
  ['text-embedding-3-small', { similarity: 0.3, agreement: 0.6 }],
  ['text-embedding-3-large', { similarity: 0.3, agreement: 0.6 }],
]);

/** Fails with `CONFIGURATION_INVALID` for a model whose scale nobody knows. */
export function thresholdsFor(model: string): Thresholds {
  const own = BY_MODEL.get(model);
  if (own === undefined) throw new StewardError('CONFIGURATION_INVALID', `there are no thresholds for the embedding model \`${model}\`: ${[...BY_MODEL.keys()].join(', ')}`);
  return { ...BY_WORDS, ...own };
}
