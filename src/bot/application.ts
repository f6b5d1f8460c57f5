import { Application, AI, type TurnState } from '@microsoft/teams-ai';
import type { TurnContext } from 'botbuilder';
import { MOST_TARGETS } from '../actions/plan.ts';
import { StewardError } from '../errors.ts';
import type { StewardAdapter } from './adapter.ts';
import { MOST_ROUNDS, type StewardPlanner } from './planner.ts';

export interface ApplicationDependencies {
  readonly adapter: StewardAdapter;
  readonly appId: string;
  readonly planner: StewardPlanner;
  readonly onError: (error: unknown) => void;
}

/** Teams AI stops at 25 commands a turn by default (1.7.4); a whole plan in every round, and the last word, are more. */
const MOST_COMMANDS = MOST_ROUNDS * MOST_TARGETS + 1;

/** Teams AI, used for routing a plan's commands; every handler is the same door. */
export function createApplication({ adapter, appId, onError, planner }: ApplicationDependencies): Application {
  // Its own types call this `max_actions`, which nothing reads (teams-ai 1.7.4); a variable is not held to them.
  const options = { planner, max_steps: MOST_COMMANDS };
  const application = new Application<TurnState>({ adapter, botAppId: appId, startTypingTimer: false, removeRecipientMention: false, ai: options });
  // The option above is ignored and the timer is one for all conversations (teams-ai 1.7.4); typing is ours.
  application.startTypingTimer = () => undefined;
  const { ai } = application;
  for (const name of planner.commandNames()) {
    ai.action(name, (context: TurnContext, _state, parameters: { readonly callId?: unknown }) => planner.door(context, parameters.callId, name));
  }
  ai.action(AI.SayCommandActionName, async (context: TurnContext, _state, command: { readonly response?: { readonly content?: string } }) => planner.say(context, command.response?.content ?? ''));
  const stop = async (context: TurnContext): Promise<string> => {
    onError(new StewardError('UNEXPECTED', 'teams-ai met a command that was not planned'));
    await planner.door(context, undefined, '');
    return AI.StopCommandName;
  };
  ai.action(AI.UnknownActionName, stop);
  ai.action(AI.TooManyStepsActionName, stop);
  ai.action(AI.HttpErrorActionName, async (_context: TurnContext, _state, error: Error) => {
    throw error;
  });
  return application;
}
