import assert from 'node:assert/strict';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

/** Type-aware rules need real files; the house rules do not, and are shown here on texts. */
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });

describe('house rules of eslint.config.js', () => {
  const refused: readonly (readonly [rule: string, file: string, text: string])[] = [
    ['steward/one-mouth', 'src/bot/turn.ts', `await context.sendActivity('hi');`],
    ['steward/one-mouth', 'src/bot/turn.ts', `await context['sendActivities']([]);`],
    ['steward/one-mouth', 'src/bot/cards/card.ts', `const { updateActivity } = context;`],
    ['steward/one-mouth', 'src/bot/turn.ts', `const say = context.sendActivity.bind(context);`],
    ['steward/one-mouth', 'src/bot/turn.ts', `await connector.conversations.replyToActivity(a, b, c);`],
    ['steward/reveal-in-clients', 'src/guard/gate.ts', `log(id.reveal());`],
    ['steward/reveal-in-clients', 'src/bot/say.ts', `const read = id.reveal;`],
    ['steward/one-executor-beside-teams-ai', 'src/bot/planner.ts', `await action.run({}, robot);`],
    ['steward/one-executor-beside-teams-ai', 'src/bot/planner.ts', `await step.action.run({}, robot);`],
    ['steward/one-executor', 'src/steward.ts', `await application.run({}, robot);`],
    ['steward/one-executor', 'src/guard/gate.ts', `const go = step.action.run;`],
    ['steward/one-executor', 'src/guard/gate.ts', `await it['run']({}, robot);`],
    ['steward/one-executor', 'src/guard/gate.ts', `await it.run.call(it, {}, robot);`],
    ['steward/one-executor', 'src/guard/gate.ts', `const { run } = action;`],
    ['steward/one-executor', 'src/cli/main.ts', `await action?.run?.({}, robot);`],
    ['steward/environment-once', 'src/clients/graph.ts', `const host = process.env.GRAPH;`],
    ['steward/environment-once', 'src/steward.ts', `const { env } = process;`],
    ['steward/environment-once', 'sandbox/cloud.ts', `import { env } from 'node:process';`],
    ['steward/injected-clock', 'src/guard/approvals.ts', `const now = Date.now();`],
    ['steward/injected-clock', 'src/audit/ledger.ts', `const now = new Date();`],
    ['steward/injected-clock', 'src/clients/egress.ts', `const began = performance.now();`],
    ['steward/no-chance', 'src/actions/handles.ts', `const part = Math.random();`],
    ['no-restricted-globals', 'src/clients/graph.ts', `await fetch(url);`],
    ['no-restricted-globals', 'src/bot/turn.ts', `await globalThis.fetch(url);`],
    ['no-console', 'src/guard/gate.ts', `console.log(step);`],
    ['@typescript-eslint/no-explicit-any', 'src/bot/turn.ts', `const it = value as any;`],
    ['@typescript-eslint/no-explicit-any', 'test/unit/one.test.ts', `const it = value as any;`],
    ['steward/explained-disable', 'src/bot/turn.ts', `// eslint-disable-next-line no-console\nconsole.log(1);`],
  ];
  for (const [rule, file, text] of refused) {
    it(`${rule} refuses \`${text.replace('\n', ' ')}\` in ${file}`, async () => {
      assert.ok((await rulesBrokenBy(file, text)).includes(rule));
    });
  }

  const allowed: readonly (readonly [file: string, text: string])[] = [
    ['src/bot/say.ts', `await context.sendActivity(text);`],
    ['src/clients/graph.ts', `path(id.reveal());`],
    ['src/guard/execute.ts', `await action.run({}, robot);`],
    ['src/bot/front.ts', `class Front { async turn() { await this.#application.run(context); } #application; }`],
    ['src/bot/planner.ts', `for (const step of decided.run) say(step);`],
    ['src/actions/people/block-sign-in.ts', `defineAction({ run: async () => ({}) });`],
    ['src/main.ts', `read(process.env); console.error('ready');`],
    ['src/cli/main.ts', `console.log(process.env['HOME']);`],
    ['src/clients/clock.ts', `now(() => new Date(), () => performance.now());`],
    ['src/audit/ledger.ts', `show(new Date(record.time));`],
    ['src/bot/turn.ts', `// eslint-disable-next-line no-console -- shown in the lint test\nconsole.log(1);`],
    ['test/unit/one.test.ts', `await action.run({}, robot); id.reveal(); Date.now();`],
  ];
  for (const [file, text] of allowed) {
    it(`allow \`${text.replace('\n', ' ')}\` in ${file}`, async () => {
      assert.deepEqual(await rulesBrokenBy(file, text), []);
    });
  }
});

async function rulesBrokenBy(filePath: string, text: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(`${text}\nexport {};\n`, { filePath });
  assert.deepEqual(result!.messages.filter((message) => message.fatal), []);
  return result!.messages.map((message) => message.ruleId).filter((rule) => rule?.endsWith('no-unused-vars') === false);
}
