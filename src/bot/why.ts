import type { TurnContext } from 'botbuilder';
import type { PersonFacts } from '../guard/ports.ts';
import { sha256 } from '../knowledge/article.ts';
import { hearsOf, type Library } from '../knowledge/library.ts';
import { replay, type Replay } from '../knowledge/replay.ts';
import type { Thresholds } from '../knowledge/relevance.ts';
import { placeOf } from './adapter.ts';
import { plainInMarkdown, inertName, wholeInMarkdown, type Speaker } from './say.ts';
import type { ConversationStore, StoredAnswer } from './ports.ts';
import { tell } from './tell.ts';
import { en } from './wording/en.ts';

export interface WhyDependencies {
  readonly tenantId: string;
  readonly library: Library;
  readonly thresholds: Thresholds;
  readonly conversations: Pick<ConversationStore, 'load'>;
  readonly speaker: Speaker;
}

/** `why`: on what the last answer here rests, looked at again in the index of its time. */
export class WhyCommand {
  readonly #with: WhyDependencies;

  constructor(dependencies: WhyDependencies) {
    this.#with = dependencies;
  }

  /** Fails with `KNOWLEDGE_UNTRUSTED` or `STORAGE_UNAVAILABLE`. */
  async show(context: TurnContext, person: PersonFacts): Promise<void> {
    const { conversations, library, speaker, tenantId, thresholds } = this.#with;
    const { answer } = await conversations.load(context.activity.conversation.id, person.id);
    if (answer === undefined) return tell(speaker, context, en.why.nothing);
    const search = await library.searchOf(answer.trace.index);
    if (search === undefined) return tell(speaker, context, en.why.noIndex(answer.trace.index.slice(0, 8)));
    const { trace } = answer;
    const kept = {
      question: trace.question,
      vector: vectorOf(trace.vector),
      proposed: trace.proposed,
      passages: trace.passages,
      kept: trace.kept.map(({ hash, text }) => ({ digest: sha256(text), hash })),
    };
    const again = replay(kept, search, library.maySay(new Set(trace.hears), trace.day), { thresholds });
    // What was said to somebody whose role has ended since is not said to them again.
    const hears = hearsOf(person.roles, placeOf(context.activity, tenantId).conversationType === 'personal');
    await tell(speaker, context, linesOf(answer, again, (audience) => hears.has(audience)).join('\n'), { lines: true });
  }
}

type Passages = Replay['cited'];
type Hears = (audience: NonNullable<Passages[number]>['article']['audience']) => boolean;

function linesOf({ reference, trace }: StoredAnswer, again: Replay, hears: Hears): readonly string[] {
  const cited = trace.kept.flatMap(({ hash, text }, at) => {
    const entry = again.cited[at];
    if (entry === undefined || !hears(entry.article.audience)) return [];
    const { owner, review, title } = entry.article;
    return [en.why.sentence(wholeInMarkdown(text)), en.why.source(plainInMarkdown(title), review?.reviewed ?? '', plainInMarkdown(inertName(review?.reviewer.replace(/\s*<.*>$/, '') ?? '')), plainInMarkdown(owner.name), hash.slice(0, 8)), ''];
  });
  const read = again.passages.flatMap((entry, at) => (entry === undefined || !hears(entry.article.audience) ? [] : [en.why.passage(plainInMarkdown(entry.article.title), plainInMarkdown(entry.passage.heading), (trace.passages[at]?.similarity ?? 0).toFixed(2), (trace.passages[at]?.lexical ?? 0).toFixed(1))]));
  const reasons = [...new Set(trace.dropped.map(({ reason }) => reason))].map((reason) => en.why.reasons[reason]);
  return [
    trace.refusal === undefined ? en.why.said : en.why.refused(trace.refusal),
    '',
    ...cited,
    ...(read.length === 0 ? [] : [en.why.found, ...read, '']),
    ...(trace.dropped.length === 0 ? [] : [en.why.dropped(trace.dropped.length, reasons.join('; ')), '']),
    en.why.again(trace.index.slice(0, 8), again.isFoundAgain && again.isKeptAgain),
    en.why.reference(reference),
  ];
}

function vectorOf(text: string): Int8Array {
  return Int8Array.from(Buffer.from(text, 'base64url'));
}
