import { randomUUID } from 'node:crypto';
import type { TurnContext } from 'botbuilder';
import type { Action } from '../actions/action.ts';
import { HandleBook } from '../actions/handles.ts';
import type { Step } from '../actions/plan.ts';
import type { Place } from '../guard/approval.ts';
import type { DecidedPlan, DecidedStep } from '../guard/gate.ts';
import type { PersonFacts } from '../guard/ports.ts';
import type { ModelMessage } from '../guard/reasoner.ts';
import { closeExchanges, newest } from './history.ts';
import type { Choice, Memory, StoredAnswer } from './ports.ts';
import type { Phase } from './phase.ts';

/** The most messages of history that the model is sent. */
const MOST_HISTORY = 30;
/** The most of the person's own messages kept for provenance. */
const MOST_WORDS = 20;

/** One message of one person, from its arrival to its last answer. */
export class Turn {
  readonly id = randomUUID();
  readonly context: TurnContext;
  readonly person: PersonFacts;
  readonly place: Place;
  /** The message that asked: editing or deleting it withdraws what came of it. */
  readonly requestActivityId: string;
  /** Text that others may have written stood in the message. */
  readonly untrusted: boolean;
  /** Aborted by `cancel`, by a lost lease and by the deadline. */
  readonly signal: AbortSignal;
  /** Whether the message was edited or deleted since. */
  readonly isWithdrawn: () => Promise<boolean>;
  /** Told what is being done, for the person who waits. */
  readonly enter: (phase: Phase) => void;
  readonly handles: HandleBook;
  readonly history: ModelMessage[];
  readonly words: string[];
  choice: Choice | undefined;
  /** Tool calls that code proposes in the model's place: to take back what was done. They go the same way as a model's. */
  readonly preset: readonly unknown[] | undefined;

  rounds = 0;
  /** Set when the last word is said: what follows is nothing. */
  ended = false;
  /** Steps of the running plan that were decided and not run yet, by call id. */
  readonly decided = new Map<string, DecidedStep>();
  /** What waits for people once the decided steps ran. */
  waiting: Extract<DecidedPlan, { kind: 'decided' }> | undefined;
  /** A question for the articles that was not answered yet. */
  asking: string | undefined;
  answer: StoredAnswer | undefined;
  /** An effect was begun whose outcome the person has not been told. */
  acting = false;
  /** What was changed in this turn, one sentence each. */
  readonly acted: string[] = [];
  /** What was read in this turn, oldest first. */
  readonly executed: { readonly action: Action; readonly step: Step; readonly result: Readonly<Record<string, unknown>> }[] = [];

  constructor(given: Pick<Turn, 'context' | 'person' | 'place' | 'requestActivityId' | 'untrusted' | 'signal' | 'enter' | 'isWithdrawn'> & { readonly memory: Memory; readonly nowMs: number; readonly propose?: (handles: HandleBook) => readonly unknown[] }) {
    this.context = given.context;
    this.person = given.person;
    this.place = given.place;
    this.requestActivityId = given.requestActivityId;
    this.untrusted = given.untrusted;
    this.signal = given.signal;
    this.isWithdrawn = given.isWithdrawn;
    this.enter = given.enter;
    this.handles = new HandleBook(given.memory.handles, given.nowMs);
    this.history = [...given.memory.history];
    this.words = [...given.memory.words];
    this.choice = given.memory.choice;
    this.answer = given.memory.answer;
    this.preset = given.propose?.(this.handles);
  }

  /** What is remembered of it. */
  memory(nowMs: number): Memory {
    return {
      history: newest(closeExchanges(this.history), MOST_HISTORY),
      handles: this.handles.entries(nowMs),
      words: this.words.slice(-MOST_WORDS),
      ...(this.choice && { choice: this.choice }),
      ...(this.answer && { answer: this.answer }),
    };
  }
}

const TURN = Symbol('turn');

/** Ties a turn to the context that Teams AI hands around. */
export function attachTurn(context: TurnContext, turn: Turn): void {
  context.turnState.set(TURN, turn);
}

export function turnOf(context: TurnContext): Turn {
  const turn: unknown = context.turnState.get(TURN);
  if (!(turn instanceof Turn)) throw new TypeError('no turn is attached to this context');
  return turn;
}
