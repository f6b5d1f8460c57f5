/**
 * What review should not have to say twice. Types first (typescript-eslint, strict and type-aware), then the house
 * rules: each of them keeps one sentence of docs and SECURITY.md true, and says which in its message.
 */
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ONE_EXECUTOR = "only src/guard/execute.ts calls an action's `run`, after the gate or an approval gave it a token";

/** Rules of this house. `steward/<name>` in a disable comment or an exception below. */
const houseRules = {
  'one-mouth': forbid(
    member(/^(sendActivity|sendActivities|sendTraceActivity|updateActivity|replyToActivity|sendToConversation)$/),
    'everything said passes the output gate: say it through src/bot/say.ts',
  ),
  'reveal-in-clients': forbid(
    member(/^reveal$/),
    'an internal id or a secret is readable only where a request is made: src/clients',
  ),
  'one-executor': forbid(actionRun(), ONE_EXECUTOR),
  // In src/bot, Teams AI's `application.run(context)` starts a turn and is no action.
  'one-executor-beside-teams-ai': forbid(
    actionRun(":not([callee.object.name='application']):not([callee.object.property.name='application'])"),
    ONE_EXECUTOR,
  ),
  'environment-once': forbid(
    `${member(/^env$/, 'process')}, ImportDeclaration[source.value=/^(node:)?process$/]`,
    'the environment is read once, where the program starts, and handed in; nothing else may depend on it or leak it',
  ),
  'injected-clock': forbid(
    [
      "CallExpression[callee.name='Date']",
      "NewExpression[callee.name='Date'][arguments.length=0]",
      member(/^now$/, 'Date'),
      member(/^now$/, 'performance'),
      member(/^hrtime$/, 'process'),
    ].join(', '),
    'time comes from the injected `Clock` (src/clock.ts), so that tests decide what it is',
  ),
  'no-chance': forbid(
    member(/^random$/, 'Math'),
    '`Math.random` can be guessed and cannot be repeated: use node:crypto for names, an injected source for jitter',
  ),
  'explained-disable': {
    meta: { type: 'problem', schema: [], messages: { no: 'say after ` -- ` why this rule does not hold here' } },
    create: (context) => ({
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (/^\s*eslint-disable/.test(comment.value) && !/\s--\s+\S/.test(comment.value)) {
            context.report({ loc: comment.loc, messageId: 'no' });
          }
        }
      },
    }),
  },
};

export default defineConfig(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.data/', 'devTools/', 'test-results/', 'docs/'] },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { steward: { rules: houseRules } },
    rules: { 'steward/explained-disable': 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Mistakes that neither the compiler nor typescript-eslint reports.
      eqeqeq: 'error',
      'no-async-promise-executor': 'error',
      'no-debugger': 'error',
      'no-empty': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-extend-native': 'error',
      'no-proto': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-assignment': 'error',

      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // A closed set that grows must be looked at wherever it is switched over, so `default` does not count as looking.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],

      // Relaxed, each for a reason.
      // A number in a template reads well and cannot become `[object Object]`.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `return answer(404)` ends a handler early; nobody looks at the value.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `async` without `await` turns a throw into a rejection, which is what an async port promises.
      '@typescript-eslint/require-await': 'off',
      // A loop that waits for something (`for (;;)`, `while (true)`) is not an unnecessary condition.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // `[...text]` means code points, and is written where they are meant.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // `_context` says that a parameter is there for the interface; the compiler has the same convention.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
    },
  },

  // House rules: first where they hold, then the few places that are the exception.
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        {
          globals: ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
            name,
            message: 'calls out of the process go through the pipeline in src/clients (egress list, pinned version, timeout)',
          })),
          checkGlobalObject: true,
        },
      ],
      'steward/one-mouth': 'error',
      'steward/reveal-in-clients': 'error',
      'steward/one-executor': 'error',
      'steward/environment-once': 'error',
      'steward/injected-clock': 'error',
      'steward/no-chance': 'error',
    },
  },
  {
    files: ['sandbox/**/*.ts'],
    rules: { 'steward/environment-once': 'error' },
  },
  { files: ['src/bot/**/*.ts'], rules: { 'steward/one-executor': 'off', 'steward/one-executor-beside-teams-ai': 'error' } },
  { files: ['src/bot/say.ts'], rules: { 'steward/one-mouth': 'off' } },
  { files: ['src/clients/**/*.ts'], rules: { 'steward/reveal-in-clients': 'off' } },
  { files: ['src/guard/execute.ts'], rules: { 'steward/one-executor': 'off' } },
  { files: ['src/clients/clock.ts'], rules: { 'steward/injected-clock': 'off' } },
  {
    files: ['src/main.ts', 'src/cli/**/*.ts', 'sandbox/main.ts'],
    rules: { 'no-console': 'off', 'steward/environment-once': 'off' },
  },

  {
    // Outside the product a `default` may stand for "the rest of what others defined".
    files: ['sandbox/**/*.ts', 'test/**/*.ts', 'proof/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: { '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // What came over a wire is asserted on, not modelled again.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A test does not trust the type that a response was given.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A test that finds undefined should fail there.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `const { reply } = chat` and `assert.rejects(store.load)` are at home here.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.{js,mjs,cjs}'], extends: [tseslint.configs.recommended] },
);

/** Reading a member in any way: `a.run()`, `a['run']`, `const f = a.run`, `const { run } = a`. */
function member(name, object) {
  const of = object === undefined ? '' : `[object.name='${object}']`;
  const direct = [`MemberExpression${of}[property.name=${name}]`, `MemberExpression${of}[computed=true][property.value=${name}]`];
  const from = object === undefined ? '' : `VariableDeclarator[init.name='${object}'] > `;
  return [...direct, `${from}ObjectPattern > Property[key.name=${name}]`].join(', ');
}

/** Calling something's `run`, by whatever way of writing it. A list or a private method may have that name. */
function actionRun(except = '') {
  return [
    `CallExpression[callee.property.type='Identifier'][callee.property.name='run']${except}`,
    "CallExpression[callee.computed=true][callee.property.value='run']",
    "MemberExpression[object.property.name='run'][property.name=/^(call|apply|bind)$/]",
    "MemberExpression[object.name=/action$/i][property.name='run']:not(CallExpression > .callee)",
    "MemberExpression[object.property.name=/action$/i][property.name='run']:not(CallExpression > .callee)",
    "VariableDeclarator[init.name=/action$/i] > ObjectPattern > Property[key.name='run']",
    "VariableDeclarator[init.property.name=/action$/i] > ObjectPattern > Property[key.name='run']",
  ].join(', ');
}

function forbid(selector, message) {
  return {
    meta: { type: 'problem', schema: [], messages: { no: message } },
    create: (context) => ({
      [selector](node) {
        context.report({ node, messageId: 'no' });
      },
    }),
  };
}
