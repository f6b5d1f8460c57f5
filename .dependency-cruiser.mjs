/**
 * Who may import whom: the floors of the house, checked by `npm test`. Imports point downwards:
 *
 *     main.ts      cli/      sandbox/          start it
 *                  steward.ts                  wires it
 *           bot/             clients/          the face          the hands
 *                   guard/                     decides
 *       actions/   knowledge/   audit/         what may be done, said; what was done
 *               errors.ts   clock.ts   serial.ts   encodings.ts          what everybody shares
 *
 * `test/unit/import-rules.test.ts` shows that the important rules bite.
 */

/** Each folder of src, what of ours it may import besides itself and what all share, and why not more. */
const floors = {
  actions: [[], 'what may be done is known without knowing who decides, who asks or which API answers'],
  knowledge: [[], 'what may be said is known without knowing who asks or which service embeds it'],
  audit: [[], 'the ledger records everybody and depends on nobody, so that nothing can reach around it'],
  guard: [['actions', 'audit'], 'a decision must be readable without the chat above it or the APIs beside it; those come in through ports'],
  bot: [
    ['actions', 'knowledge', 'guard', 'audit'],
    'the face asks the guard and never holds the hands; it is replaced when the Bot Framework goes, and only it',
  ],
  clients: [
    ['actions', 'knowledge', 'guard', 'audit', 'bot/ports.ts'],
    'the hands implement ports, those of the chat too, and know nothing else of the chat',
  ],
};

const shared = ['errors.ts', 'clock.ts', 'serial.ts', 'encodings.ts', 'same-text.ts'];

const floorRules = Object.entries(floors).map(([folder, [below, why]]) => ({
  name: `${folder}-looks-down`,
  comment: `src/${folder} may import ${[folder, ...below, ...shared].join(', ')} and nothing else of ours: ${why}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: ours('src', 'sandbox', 'test', 'proof', 'bench', 'scripts'), pathNot: `^src/(${[folder, ...below, ...shared].join('|')})(/|$)` },
}));

export default {
  forbidden: [
    ...floorRules,
    {
      name: 'no-circles',
      comment: 'In a circle nothing can be read first, tested alone or replaced; types count, for a reader follows them too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'shared-words-stand-alone',
      comment: 'What all may import imports nothing of ours.',
      severity: 'error',
      from: { path: `^src/(${shared.join('|')})$` },
      to: { path: ours('src', 'sandbox', 'test', 'proof', 'bench', 'scripts') },
    },
    {
      name: 'one-wiring',
      comment: 'steward.ts is the one place where face, guard and hands meet; only what starts Steward imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main[.]ts$|cli/)' },
      to: { path: '^src/(steward|main)[.]ts$' },
    },
    {
      name: 'only-starters-import-the-cli',
      comment: 'The CLI is what an operator types; nothing in the product is built on it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'production-stands-alone',
      comment: 'Code that fakes an identity, a service or an approval must not be in the build: src imports nothing outside src.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: ours('sandbox', 'test', 'proof', 'bench', 'scripts') },
    },
    {
      name: 'hands-decide-nothing',
      comment: 'src/clients takes types from the guard and the chat, whose ports it implements, and never their code: a client that could call the gate, an approval or execute would be a second door.',
      severity: 'error',
      from: { path: '^src/clients/' },
      to: { path: '^src/(guard|bot)/', pathNot: '^src/guard/ports[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'teams-only-in-bot',
      comment: 'The Bot Framework is archived and Teams AI v1 deprecated: only src/bot may know them, so that only src/bot changes when they go.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bot/' },
      to: { path: packages('botbuilder[^/]*', 'botframework-[^/]*', '@microsoft/teams-[^/]*', 'adaptivecards-templating', 'adaptive-expressions', 'restify') },
    },
    {
      name: 'azure-only-in-clients',
      comment: 'Credentials and SDKs of outside systems are the hands: only src/clients may hold them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/clients/' },
      to: { path: packages('@azure/[^/]+', 'openai') },
    },
    {
      name: 'network-only-in-clients',
      comment: 'Every call out of the process goes through the pipeline of src/clients (egress list, pinned version, timeout); src/bot may name the types of requests it is given.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/clients/' },
      to: { path: builtins('https?', 'http2', 'net', 'tls', 'dgram', 'dns(/promises)?'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'network-types-only-in-clients-and-bot',
      comment: 'Below the face and the hands there is no network, not even as a type.',
      severity: 'error',
      from: { path: '^src/(actions|knowledge|audit|guard)/' },
      to: { path: builtins('https?', 'http2', 'net', 'tls', 'dgram', 'dns(/promises)?') },
    },
    {
      name: 'policy-only-in-guard',
      comment: 'One folder decides. A second caller of Cedar would be a second gate.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/guard/' },
      to: { path: packages('@cedar-policy/[^/]+') },
    },
    {
      name: 'no-files-below',
      comment: 'bot, actions, guard, knowledge and audit do no I/O of their own: prompts, policy and articles are read at start by steward.ts or src/clients and handed in.',
      severity: 'error',
      from: { path: '^src/(bot|actions|guard|knowledge|audit)/' },
      to: { path: builtins('fs(/promises)?') },
    },
    {
      name: 'no-way-out-of-the-process',
      comment: 'The product starts no program, evaluates no text and opens no debugger, so no argument can ever reach one.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: builtins('child_process', 'cluster', 'worker_threads', 'vm', 'repl', 'inspector(/promises)?', 'wasi') },
    },
    {
      name: 'sandbox-is-only-a-cloud',
      comment: 'The sandbox speaks wire protocols, as the real services do. Only the files that start the bot inside it may import Steward; an emulator that shared its code would agree with its mistakes.',
      severity: 'error',
      from: { path: '^sandbox/', pathNot: '^sandbox/(main|start|systems|articles|knowledge)[.]ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'sandbox-knows-no-test',
      comment: 'The sandbox is something people run; tests are built on it, not the other way round.',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: ours('test', 'proof', 'bench', 'scripts') },
    },
    {
      name: 'sandbox-model-is-a-stranger',
      comment: 'The stand-in model sees what any model sees, the wire: neither Steward, nor the company whose data it would otherwise guess, nor prompts and tests.',
      severity: 'error',
      from: { path: '^sandbox/model/' },
      to: { path: ['^(src|prompts|test|proof|bench|scripts|infra)/', '^sandbox/(company|graph)/'] },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that package.json does not name is there by accident, and may be gone or replaced tomorrow.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'production-uses-production-packages',
      comment: 'devDependencies are not installed where Steward runs. Drafts of articles are made where articles are written, and nothing that runs imports their converters.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/knowledge-draft' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere hides from every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // see imports of types too
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'require', 'types', 'default'],
    },
  },
};

function ours(...folders) {
  return `^(${folders.join('|')})/`;
}

/** Resolved packages are paths through node_modules; ones that cannot be resolved are reported by their bare name. */
function packages(...names) {
  return `(^|node_modules/)(${names.join('|')})(/|$)`;
}

/** dependency-cruiser names a module of Node without the `node:` in front. */
function builtins(...names) {
  return `^(node:)?(${names.join('|')})$`;
}
