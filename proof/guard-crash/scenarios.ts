/** What people do while the bot is killed, from their message to the end that a card shows. */
import type { Persona } from '../../test/stories/harness/journal.ts';
import { calls } from '../../test/stories/harness/model.ts';
import { finds, proposes, REASON } from '../../test/stories/harness/scenes.ts';
import type { Chat } from '../../test/stories/harness/teams.ts';
import { APPROVE, DENY, type Stage } from './stage.ts';

/** What a scenario did so far, for whoever judges it. */
export interface Progress {
  acknowledged: boolean;
  /** Somebody was about to press the button that approves. */
  approved: boolean;
}

export interface Scenario {
  readonly name: string;
  /** Once: the people, and whatever they must have said before. */
  open(stage: Stage): Promise<Playing>;
}

export interface Playing {
  readonly requester: Chat;
  /** Before each round, while nobody is killed. */
  before(): Promise<void>;
  /** Fails with `Killed` when the bot is. */
  play(round: number, progress: Progress): Promise<void>;
}

/** Whoever is to be asked must have written once. */
async function known(stage: Stage, person: Persona): Promise<Chat> {
  const chat = stage.chat(person);
  const since = stage.connector.log.length;
  await stage.say(chat, 'help');
  await stage.until(() => stage.connector.messages({ conversationId: chat.id, since })[0], 'help');
  await stage.rest();
  return chat;
}

async function ask(stage: Stage, chat: Chat, text: string, progress: Progress): Promise<number> {
  const since = stage.connector.log.length;
  progress.acknowledged = await stage.say(chat, text);
  return since;
}

interface Ask {
  readonly name: string;
  readonly button: RegExp;
  readonly vip?: boolean;
  readonly twoSteps?: boolean;
}

const asking = ({ button, name, twoSteps = false, vip = false }: Ask): Scenario => ({
  name,
  open: async (stage) => {
    await known(stage, stage.person('employee,admin'));
    const requester = stage.chat(stage.person('employee,helpdesk'));
    const decider = vip ? await known(stage, stage.person('employee,approver')) : requester;
    const targets = vip ? [stage.person('employee,vip')] : stage.ordinary();
    return {
      requester,
      before: () => stage.auditor.forgetLimits(),
      play: async (round, progress) => {
        const target = targets[round % targets.length];
        if (target === undefined) throw new Error('there is nobody to ask for');
        stage.model.forget();
        stage.model.play(
          finds(target.name),
          twoSteps
            ? (request) => {
                const both = { person: request.handle('person', 'tool'), reason: REASON };
                return calls({ name: 'block_sign_in', arguments: both }, { name: 'revoke_sessions', arguments: both });
              }
            : proposes('block_sign_in'),
        );
        const since = await ask(stage, requester, `Block ${target.name}${twoSteps ? ' and end all sessions' : ''} because ${REASON}`, progress);
        const card = await stage.card(decider, since, button);
        progress.approved = button === APPROVE;
        await stage.press(decider, card, button);
      },
    };
  },
});

const revive: Scenario = {
  name: 'a revive by two admins',
  open: async (stage) => {
    const proposer = await known(stage, stage.person('employee,admin'));
    const confirmer = await known(stage, stage.person('employee,admin', 1));
    return {
      requester: proposer,
      before: async () => {
        const since = stage.connector.log.length;
        await stage.say(proposer, 'kill all');
        await stage.until(() => stage.connector.messages({ conversationId: proposer.id, since })[0], 'the kill');
        await stage.rest();
      },
      play: async (_round, progress) => {
        const since = await ask(stage, proposer, 'revive because the exercise is over', progress);
        const card = await stage.card(confirmer, since, APPROVE);
        progress.approved = true;
        await stage.press(confirmer, card, APPROVE);
      },
    };
  },
};

export const scenarios: readonly Scenario[] = [
  asking({ name: 'a plan of two steps', button: APPROVE, twoSteps: true }),
  asking({ name: 'a second person, for a VIP', button: APPROVE, vip: true }),
  asking({ name: 'an own confirmation', button: APPROVE }),
  revive,
  asking({ name: 'a no', button: DENY }),
];
