/** Traps of teams-ai 1.7.4 that src/bot/front.ts and src/bot/planner.ts work around. */
import assert from 'node:assert/strict';
import { Application, type Plan, type Planner, type PredictedDoCommand, type PredictedSayCommand } from '@microsoft/teams-ai';
import { TestAdapter, type TurnContext } from 'botbuilder';

const doing = (action: string): PredictedDoCommand => ({ type: 'DO', action, parameters: {} });
const saying = (content: string): PredictedSayCommand => ({ type: 'SAY', response: { role: 'assistant', content } });

function planning(...commands: (PredictedDoCommand | PredictedSayCommand)[]): Planner {
  const plan = (given: Plan['commands']): Plan => ({ type: 'plan', commands: given });
  return { beginTask: async () => plan(commands), continueTask: async () => plan([]) };
}

/** Runs one message through an application. Resolves to what was sent. */
async function run(application: Application): Promise<readonly string[]> {
  const adapter = new TestAdapter(async (context: TurnContext) => {
    context.activity.channelId = 'msteams';
    await application.run(context);
  });
  await adapter.receiveActivity('hello');
  return adapter.activeQueue.filter(({ type }) => type === 'message').map(({ text }) => text ?? '');
}

describe('platform: teams-ai 1.7.4', () => {
  const printed: unknown[][] = [];
  const { error } = console;
  before(() => {
    console.error = (...what: unknown[]) => void printed.push(what);
  });
  after(() => {
    console.error = error;
  });

  it('ignores `startTypingTimer: false` (the method itself is replaced)', async () => {
    const application = new Application({ startTypingTimer: false, ai: { planner: planning(saying('x')) } });
    let started = 0;
    application.startTypingTimer = () => void (started += 1);
    await run(application);
    assert.equal(started, 1);
  });
  it('meets an unknown action with a line on the console and silence (an unknown action has a handler of ours)', async () => {
    const application = new Application({ ai: { planner: planning(saying('first'), doing('nobody_knows'), saying('later')) } });
    application.startTypingTimer = () => undefined;
    printed.length = 0;
    assert.deepEqual(await run(application), ['first']);
    assert.match(printed.flat().join(' '), /nobody_knows/);
  });
  it('breaks on a DO handler that returns nothing (the door always returns a string)', async () => {
    const application = new Application({ ai: { planner: planning(doing('quiet')) } });
    application.startTypingTimer = () => undefined;
    application.ai.action('quiet', async () => undefined as unknown as string);
    await assert.rejects(run(application), /reading 'length'/);
  });
  it('asks the planner again only when the last command left something to go on with', async () => {
    for (const [answer, rounds] of [
      ['', 0],
      ['done', 1],
    ] as const) {
      let continued = 0;
      const planner: Planner = { ...planning(doing('step')), continueTask: async () => ((continued += 1), { type: 'plan', commands: [] }) };
      const application = new Application({ ai: { planner } });
      application.startTypingTimer = () => undefined;
      application.ai.action('step', async () => answer);
      await run(application);
      assert.equal(continued, rounds);
    }
  });
});
