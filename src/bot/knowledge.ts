import { looksSecret } from '../audit/secret-shapes.ts';
import { Library, type IndexStore } from '../knowledge/library.ts';
import { thresholdsFor } from '../knowledge/thresholds.ts';
import { Answers, type AnswersDependencies } from './answers.ts';
import { Feedback, type FeedbackDependencies } from './feedback.ts';
import { WhyCommand, type WhyDependencies } from './why.ts';

export interface KnowledgeDependencies
  extends Omit<AnswersDependencies, 'library' | 'thresholds' | 'store'>,
    Omit<FeedbackDependencies, 'answers'>,
    Omit<WhyDependencies, 'library' | 'thresholds'> {
  /** The embedding model by its own name. */
  readonly model: string;
  readonly index: IndexStore;
  readonly answers: FeedbackDependencies['answers'];
}

/** What a deployment with articles has besides: answers, why they were given, and what readers think of them. */
export interface Knowledge {
  readonly answers: Answers;
  readonly why: WhyCommand;
  readonly feedback: Feedback;
}

/** Loads nothing yet. Fails with `CONFIGURATION_INVALID` for an embedding model that nobody measured. */
export function createKnowledge(dependencies: KnowledgeDependencies): Knowledge {
  const { answers: store, clock, index, model } = dependencies;
  const thresholds = thresholdsFor(model);
  const library = new Library(index, { model, today: () => clock.now().toISOString().slice(0, 10), looksSecret });
  return {
    answers: new Answers({ ...dependencies, library, thresholds, store }),
    why: new WhyCommand({ ...dependencies, library, thresholds }),
    feedback: new Feedback(dependencies),
  };
}
