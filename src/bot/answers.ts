import type { TurnContext } from 'botbuilder';
import { HandleBook } from '../actions/handles.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Scrubber } from '../audit/scrub.ts';
import type { Clock } from '../clock.ts';
import { StewardError } from '../errors.ts';
import type { Place } from '../guard/approval.ts';
import type { Ceiling } from '../guard/ceiling.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { PersonFacts } from '../guard/ports.ts';
import type { ModelRequest } from '../guard/reasoner.ts';
import { saidOf } from '../guard/said.ts';
import type { About } from '../guard/stops.ts';
import { answer, answerSchema, nearestOf, type Answer, type AnswerPorts, type AnswerSettings } from '../knowledge/answer.ts';
import { sha256, type Audience } from '../knowledge/article.ts';
import { hearsOf, type Library } from '../knowledge/library.ts';
import { withoutHandles } from './answer-tool.ts';
import { citationsOf } from './citations.ts';
import { conceal } from './conceal.ts';
import { callModel } from './model-call.ts';
import type { AnswerStore, SaidAnswer, StoredAnswer } from './ports.ts';
import { inertName, saidDigest, wholeInMarkdown, type Speaker } from './say.ts';
import { en } from './wording/en.ts';

const MOST_COMPLETION_TOKENS = 800;

export interface AnswersDependencies extends AnswerSettings {
  readonly library: Library;
  readonly ceiling: Ceiling;
  readonly killSwitch: KillSwitch;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly speaker: Speaker;
  readonly scrubber: Scrubber;
  readonly store: AnswerStore;
  readonly clock: Clock;
  /** Whether Steward can open tickets here: then it offers to. */
  readonly canOpenTickets: boolean;
  readonly personalLink: string;
  readonly onError: (error: unknown) => void;
}

/** One question, with who asks it and where. */
export interface Inquiry {
  readonly question: string;
  readonly person: PersonFacts;
  readonly place: Place;
  /** Public name of the turn in the ledger, and whose money it is. */
  readonly turn: { readonly id: string };
  readonly signal: AbortSignal;
}

/** Whose articles may be said, and on which day. */
interface Heard {
  readonly hears: ReadonlySet<Audience>;
  readonly day: string;
}

/** Answers questions from the reviewed articles, and says plainly when there is none. */
export class Answers {
  readonly #with: AnswersDependencies;

  constructor(dependencies: AnswersDependencies) {
    this.#with = dependencies;
  }

  /**
   * Answers here. Resolves to what came of it, for whoever asks why. Fails with `KNOWLEDGE_NONE` or
   * `KNOWLEDGE_UNTRUSTED`, as the kill switch and the ceiling do, and with `LEDGER_UNAVAILABLE`: what can't be traced is not said.
   */
  async answer(to: TurnContext, inquiry: Inquiry): Promise<StoredAnswer> {
    const { clock, library, scrubber, speaker, store } = this.#with;
    const { person, place, signal } = inquiry;
    const isPersonal = place.conversationType === 'personal';
    const nowMs = clock.now().getTime();
    // By roles as they were read for this message: what helpdesk may read is not for everyone.
    const heard: Heard = { hears: hearsOf(person.roles, isPersonal), day: library.today };
    // INVARIANT: no business id and no GUID in a prompt, wherever the question comes from.
    const question = withoutHandles(conceal(scrubber.text(inquiry.question), new HandleBook([], nowMs), nowMs));
    const given = await answer(question === '' ? en.answers.nothingAsked : question, await library.search(), library.maySay(heard.hears, heard.day), this.#ports(inquiry), this.#with);
    // A kill that came while the model took its time.
    await this.#with.killSwitch.assertAlive(aboutOf(inquiry));
    signal.throwIfAborted();
    const reference = await this.#record(given, heard, inquiry);
    const citations = citationsOf(given.kept, (link) => speaker.isLinkable(link));
    const text = given.refusal === undefined ? citations.text : this.#refusal(given, isPersonal);
    const said = speaker.words(text, { ids: [person.id] });
    const activityId = await speaker.answer(to, said, citations.entries);
    void this.#with.ledger.record({ kind: 'reply', turn: inquiry.turn.id, digest: saidDigest(said), withheld: false }).catch(() => undefined);
    const stored = storedOf(given, heard, { reference, turn: inquiry.turn.id, activityId, conversationId: place.conversationId });
    // Only feedback needs it; the answer stands.
    await store.add(stored).catch(this.#with.onError);
    return stored;
  }

  #refusal({ retrieved }: Answer, isPersonal: boolean): string {
    const nearest = nearestOf(retrieved).map(({ owner, title }) => en.answers.nearest(wholeInMarkdown(title), inertName(owner.name)));
    const ticket = !this.#with.canOpenTickets ? en.answers.askDesk : isPersonal ? en.answers.ticket : en.answers.ticketElsewhere(this.#with.personalLink);
    return [en.answers.none, ...(nearest.length === 0 ? [] : [en.answers.nearestAre(nearest.join(', '))]), ticket].join(' ');
  }

  #ports(inquiry: Inquiry): AnswerPorts {
    const { ceiling, scrubber } = this.#with;
    const call = { about: aboutOf(inquiry), turn: inquiry.turn.id, signal: inquiry.signal };
    return {
      embed: async (texts) => (await callModel(this.#with, { ...call, purpose: 'embedding' }, (signal) => ceiling.embed(scrubber.value(texts), signal))).vectors,
      ask: async ({ system, user }) => {
        const request: ModelRequest = { messages: [{ role: 'system', content: system }, { role: 'user', content: user }], tools: [], maxCompletionTokens: MOST_COMPLETION_TOKENS, answerIn: answerSchema };
        const reply = await callModel(this.#with, { ...call, purpose: 'turn' }, (signal) => ceiling.complete(request, { purpose: 'turn', person: inquiry.person, turn: inquiry.turn }, signal));
        // With this request no tool exists: a call of one is no answer, and leads nowhere.
        if (reply.toolCalls !== undefined || reply.finishReason === 'length') throw new StewardError('MODEL_MALFORMED', 'no whole answer in the form that was asked for');
        return reply.text;
      },
    };
  }

  /** INVARIANT: durable before it is said. Resolves to its public name. */
  async #record(given: Answer, { day, hears }: Heard, { person, turn }: Inquiry): Promise<string> {
    const { digestKey, ledger } = this.#with;
    const who = saidOf('requester', person, digestKey);
    // Under the person's key: what was asked is about them, and goes when they are erased.
    const inWords = { question: given.question, vector: vectorText(given.vector), sentences: JSON.stringify(given.proposed) };
    const sealed = await ledger.seal([{ ...who, facts: { ...who.facts, arguments: inWords } }]);
    const record = await ledger.record({
      kind: 'answer',
      turn: turn.id,
      person: who.person,
      question: digestKey.digest(given.question),
      index: given.index,
      hears: [...hears],
      day,
      passages: given.retrieved.map(({ article, lexical, passage, score, similarity }) => ({ article: article.id, hash: passage.hash, similarity, lexical, score })),
      kept: given.kept.map(({ agreement, support, text }) => ({ digest: sha256(text), hash: support.found.passage.hash, verbatim: support.verbatim, overlap: support.overlap, agreement })),
      dropped: given.dropped.map(({ text, ...rest }) => ({ digest: sha256(text), ...rest })),
      ...(given.refusal !== undefined && { refusal: given.refusal }),
      ...sealed,
    });
    return record.id;
  }
}

function aboutOf({ person, place }: Pick<Inquiry, 'person' | 'place'>): About {
  return { model: true, people: [person.id], conversation: place.conversationId };
}

function storedOf(given: Answer, { day, hears }: Heard, where: Omit<SaidAnswer, 'articles'>): StoredAnswer {
  const articles = [...new Set(given.kept.map(({ support }) => support.found.article))];
  return {
    ...where,
    articles: articles.map(({ id, owner, title }) => ({ id, title, ownerName: owner.name, ownerMail: owner.mail })),
    trace: {
      question: given.question,
      index: given.index,
      hears: [...hears],
      day,
      vector: vectorText(given.vector),
      proposed: given.proposed,
      passages: given.retrieved.map(({ lexical, passage, score, similarity }) => ({ hash: passage.hash, lexical, score, similarity })),
      kept: given.kept.map(({ agreement, support, text }) => ({ text, hash: support.found.passage.hash, agreement })),
      dropped: given.dropped.map(({ reason, text }) => ({ text, reason })),
      ...(given.refusal !== undefined && { refusal: given.refusal }),
    },
  };
}

export function vectorText(vector: Int8Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64url');
}

