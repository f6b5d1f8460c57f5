/**
 * `npm run build`: the production bundle in dist/, by esbuild. The layout of the repository is kept (`dist/src`,
 * `dist/prompts`), so that paths relative to a source file lead where they did. docs/decisions/0007-production-bundle.md
 * says why it is built as it is.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { build as esbuild, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Packages that are in nobody's way but at start: recognizers of spoken dates and numbers, for prompts of
 * botbuilder-dialogs, and a tokenizer, for the planner of Teams AI. Steward has its own planner and no dialogs. Whoever
 * touches one of them all the same fails, loudly.
 */
export const STUBBED = /^(?:@microsoft\/recognizers-text(?:-[\w-]+)?|gpt-tokenizer)(?:\/|$)/;

/** Packages whose files do nothing when they are loaded but define things, so that each can load what it imports at first use. */
const DEFERRED = /[\\/]node_modules[\\/](?:@microsoft[\\/]teams-ai|bot(?:builder|framework)[\w-]*|@azure[\w-]*[\\/][\w-]+|@typespec[\\/]ts-http-runtime|openai|zod)[\\/].*\.c?js$/;

export interface BuildResult {
  readonly metafile: Metafile;
  /** Paths below `outDir`, with the size in bytes. */
  readonly files: ReadonlyMap<string, number>;
}

/** Builds into an empty folder. The same sources give the same bytes, the code cache apart, which depends on the Node it was made by. */
export async function build(outDir: string, options: { readonly cache: boolean } = { cache: true }): Promise<BuildResult> {
  rmSync(outDir, { recursive: true, force: true });
  const bundle = join(outDir, 'src/steward.cjs');
  const { metafile } = await esbuild({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs', // V8's code cache is offered for scripts only
    charset: 'ascii', // one byte a character in memory
    metafile: true,
    logLevel: 'warning',
    legalComments: 'external',
    // Optional, native and absent: restify does without.
    external: ['dtrace-provider'],
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'importMetaUrl' },
    plugins: [stubs, oneCopy, ownRequires, deferred],
  });
  copy('src/guard/policy.cedar', outDir, 'src/guard/policy.cedar');
  copy('prompts/steward/skprompt.txt', outDir, 'prompts/steward/skprompt.txt');
  copy('node_modules/@cedar-policy/cedar-wasm/nodejs/cedar_wasm_bg.wasm', outDir, 'src/cedar_wasm_bg.wasm');
  copy('scripts/bundle-loader.cjs', outDir, 'src/main.cjs');
  copy('LICENSE', outDir, 'LICENSE');
  writeFileSync(join(outDir, 'THIRD-PARTY-NOTICES.txt'), notices(metafile));
  if (options.cache) await makeCache(outDir);
  return { metafile, files: new Map(filesIn(outDir).map((path) => [path, readFileSync(join(outDir, path)).length])) };
}

/** The packages of a build, as `name@version`, by the paths of its inputs. */
export function packagesIn(metafile: Metafile): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of Object.keys(metafile.inputs)) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (folder === undefined) continue;
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string; version: string };
    found.set(`${name}@${version}`, folder);
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Stands in for a package: whatever is asked of it is an error that names it. */
export function stubOf(path: string): string {
  return `module.exports = new Proxy({}, { get(_, name) { if (name === '__esModule') return false; throw new Error('${path} is not in this build, and something asked it for ' + String(name)); } });`;
}

const stubs: Plugin = {
  name: 'stubs',
  setup(bundler) {
    bundler.onResolve({ filter: STUBBED }, ({ path }) => ({ path, namespace: 'stub' }));
    bundler.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: stubOf(path) }));
  },
};

/** Every package once, in its CommonJS form: what one importer would take as ESM and another as CommonJS would be there twice. */
const oneCopy: Plugin = {
  name: 'one-copy',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === oneCopy || path.startsWith('node:') || STUBBED.test(path)) return undefined;
      const found = await bundler.resolve(path, { kind: 'require-call', importer, resolveDir, pluginData: oneCopy });
      return found.errors.length > 0 ? undefined : { path: found.path, external: found.external, namespace: found.namespace, sideEffects: found.sideEffects };
    });
  },
};

/**
 * `createRequire` would look for packages where the bundle runs: they are not there, or are a second copy. What a source
 * file requires through it goes into the bundle, and is loaded when it is asked for.
 */
const ownRequires: Plugin = {
  name: 'own-requires',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source
        .replace(/^import \{ createRequire \} from 'node:module';$/m, '')
        .replace(/^const require = createRequire\(import\.meta\.url\);$/m, '')
        .replaceAll('createRequire(import.meta.url)(', 'require(');
      if (contents.includes('createRequire(')) return { errors: [{ text: `the build does not know this use of createRequire in ${relative(root, path)}` }] };
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * Loads what a file imports at its first use: most of a library is never used, and loading it all takes most of the
 * start. Behaviour stays, as long as loading a file does nothing but define things; those that do more are left alone.
 */
const deferred: Plugin = {
  name: 'deferred',
  setup(bundler) {
    // An object of thirty plugins, of which Steward uses one.
    bundler.onLoad({ filter: /[\\/]restify[\\/]lib[\\/]plugins[\\/]index\.js$/ }, ({ path }) => ({ contents: readFileSync(path, 'utf8').replaceAll(/^( *)(\w+): require\(('[^']+')\)(\.\w+)?,?$/gm, '$1get $2() { return require($3)$4; },'), loader: 'js' }));
    bundler.onLoad({ filter: DEFERRED }, ({ path }) => ({ contents: deferImports(withoutForms(readFileSync(path, 'utf8')), createRequire(path)), loader: 'js' }));
  },
};

/** Asking for the global `FormData` loads Node's whole fetch; a body that is text or bytes need not be asked. */
function withoutForms(source: string): string {
  return source.replaceAll(/typeof FormData !== "undefined" && (\w+(?:\.\w+)?) instanceof FormData/g, 'typeof $1 === "object" && $1 !== null && !ArrayBuffer.isView($1) && typeof FormData !== "undefined" && $1 instanceof FormData');
}

/**
 * Rewrites a CommonJS module: `const x = require("x")` becomes a function that loads at its first call, and
 * `__exportStar(require("x"), exports)` a getter for each name that x exports. `load` answers what a specifier exports.
 */
export function deferImports(source: string, load: (specifier: string) => unknown): string {
  const file = ts.createSourceFile('module.js', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  const replace = (node: ts.Node, text: string): void => void edits.push({ start: node.getStart(file), end: node.getEnd(), text });

  const uses = usesByName(file);
  const exported = new Set<string>();
  for (const statement of file.statements) {
    const imported = importedBy(statement);
    const found = imported === undefined ? undefined : uses.get(imported.name);
    if (imported !== undefined && found !== undefined && !found.isRebound) {
      const { name } = imported;
      replace(statement, `let ${name}$; const ${name} = () => (${name}$ ??= ${imported.expression.getText(file)});`);
      for (const use of found.uses) replace(use, ts.isShorthandPropertyAssignment(use.parent) ? `${name}: ${name}()` : ts.isCallExpression(use.parent) && use.parent.expression === use ? `(0, ${name}())` : `(${name}())`);
      continue;
    }
    const star = exportStarOf(statement);
    if (star === undefined) continue;
    const names = Object.keys(load(star.specifier) as object).filter((name) => name !== 'default' && !exported.has(name));
    for (const name of names) exported.add(name);
    replace(statement, names.map((name) => `if (!Object.hasOwn(${star.target}, "${name}")) Object.defineProperty(${star.target}, "${name}", { enumerable: true, get: () => require("${star.specifier}")["${name}"] });`).join('\n'));
  }
  let text = source;
  for (const { start, end, text: by } of edits.sort((one, other) => other.start - one.start)) text = text.slice(0, start) + by + text.slice(end);
  return text;
}

/** A statement `const name = require("…")`, perhaps through a helper such as `__importStar`. */
function importedBy(statement: ts.Statement): { readonly name: string; readonly expression: ts.Expression } | undefined {
  if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length !== 1) return undefined;
  const [declaration] = statement.declarationList.declarations;
  if (declaration === undefined || !ts.isIdentifier(declaration.name) || declaration.initializer === undefined) return undefined;
  const { initializer } = declaration;
  const specifier = requiredBy(initializer) ?? (ts.isCallExpression(initializer) && HELPERS.test(initializer.expression.getText()) && initializer.arguments[0] !== undefined ? requiredBy(initializer.arguments[0]) : undefined);
  // tslib is small, and used at once by everybody.
  return specifier === undefined || specifier === 'tslib' ? undefined : { name: declaration.name.text, expression: initializer };
}

const HELPERS = /^(?:tslib_\d+\.)?(?:__importStar|__importDefault|__toESM)$/;

function requiredBy(node: ts.Expression): string | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== 'require') return undefined;
  const [specifier] = node.arguments;
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined;
}

/** `__exportStar(require("…"), exports)` of TypeScript, `__reExport(x, require("…"), module.exports)` of esbuild. */
function exportStarOf(statement: ts.Statement): { readonly specifier: string; readonly target: string } | undefined {
  if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return undefined;
  const { expression, arguments: [first, second] } = statement.expression;
  const helper = expression.getText();
  if (first === undefined || second === undefined) return undefined;
  const isStar = /^(?:tslib_\d+\.)?__exportStar$/.test(helper);
  const specifier = isStar ? requiredBy(first) : helper === '__reExport' ? requiredBy(second) : undefined;
  return specifier === undefined ? undefined : { specifier, target: isStar ? 'exports' : 'module.exports' };
}

/** Where each name is read, and whether it means something else anywhere or is assigned to; then nothing is certain. */
function usesByName(file: ts.SourceFile): ReadonlyMap<string, { readonly uses: ts.Identifier[]; isRebound: boolean }> {
  const names = new Map<string, { readonly uses: ts.Identifier[]; isRebound: boolean; declared: number }>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const entry = names.get(node.text) ?? { uses: [], isRebound: false, declared: 0 };
      names.set(node.text, entry);
      const isName = (ts.isPropertyAccessExpression(parent) && parent.name === node) || ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isAccessor(parent)) && parent.name === node) || ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent);
      const isDeclaration = (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isFunctionDeclaration(parent) || ts.isFunctionExpression(parent) || ts.isClassDeclaration(parent) || ts.isClassExpression(parent)) && parent.name === node;
      if (isDeclaration) {
        entry.declared += 1;
        if (entry.declared > 1) entry.isRebound = true;
      } else if (!isName) {
        if ((ts.isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment) || ts.isPrefixUnaryExpression(parent) && parent.operator !== ts.SyntaxKind.ExclamationToken || ts.isPostfixUnaryExpression(parent)) entry.isRebound = true;
        entry.uses.push(node);
      }
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return names;
}

/**
 * What V8 compiled during one start and one answered message on the sandbox's cloud, so that the next start need not. It
 * holds code of the bundle and nothing else. Made by the Node that builds; another one ignores it and compiles.
 */
async function makeCache(outDir: string): Promise<void> {
  const { rehearse } = await import('../bench/start.ts');
  await rehearse([join(outDir, 'src/main.cjs'), '--write-code-cache']);
  if (!readdirSync(join(outDir, 'src')).some((name) => name.endsWith('.cache'))) throw new Error('the bundle started and wrote no code cache');
}

function copy(from: string, outDir: string, to: string): void {
  mkdirSync(dirname(join(outDir, to)), { recursive: true });
  copyFileSync(join(root, from), join(outDir, to));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** Licences of what is in the bundle, each text once. */
function notices(metafile: Metafile): string {
  const texts = new Map<string, string[]>();
  for (const [id, folder] of packagesIn(metafile)) {
    const file = readdirSync(join(root, folder)).sort().find((name) => /^licen[cs]e/i.test(name));
    const { license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { license?: unknown };
    const text = file === undefined ? `Licence: ${typeof license === 'string' ? license : 'see the package'}` : readFileSync(join(root, folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
    texts.set(text, [...(texts.get(text) ?? []), id]);
  }
  return [...texts].map(([text, ids]) => `${ids.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = performance.now();
  const { files, metafile } = await build(join(root, 'dist'), { cache: true });
  for (const [path, bytes] of files) process.stdout.write(`${(bytes / 1024).toFixed(0).padStart(8)} KiB  dist/${path}\n`);
  process.stdout.write(`${packagesIn(metafile).size} packages, built in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}
