/**
 * Starts the bundle, with what V8 compiled of it when it was built if this is the same V8: reading that is many times
 * faster than compiling. The cache lies beside the bundle and comes with it; whoever can write one can write the other.
 * V8 checks its own version, its flags and the length of the source, and compiles as ever where they do not fit.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- this file is not built; Node runs it as it is */
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const v8 = require('node:v8');
const { Script } = require('node:vm');

// Optimising the policy engine on all cores at once takes longer than running it does, and 20 MB (Node 20.20); one core is enough.
v8.setFlagsFromString('--wasm-num-compilation-tasks=1');
// The policy sets this one when it is loaded (docs/decisions/0006-wasm-inlining.md). V8 takes a cache only under the flags
// that it was written under, and it is written at the end.
if (process.versions.node.startsWith('20.')) v8.setFlagsFromString('--no-turbo-inline-js-wasm-calls');

const filename = join(__dirname, 'steward.cjs');
// Named by V8's version and flags, so that a cache which it would refuse is not even read.
const cacheFile = join(__dirname, `steward-${v8.cachedDataVersionTag().toString(16)}.cache`);
const isBuilding = process.argv[2] === '--write-code-cache' && process.argv.length === 3;

const cachedData = isBuilding ? undefined : read(cacheFile);

if (cachedData === undefined && !isBuilding && Module.enableCompileCache !== undefined) {
  // Built by another Node. From 22.1 on Node keeps a cache itself, if it may write beside the bundle; else it compiles.
  Module.enableCompileCache(join(__dirname, 'compile-cache'));
  require(filename);
} else {
  // All ASCII, by the build: one byte a character, and no decoding.
  const source = Module.wrap(readFileSync(filename, 'latin1'));
  const script = new Script(source, { filename, cachedData });
  const module = new Module(filename, undefined);
  module.filename = filename;
  if (isBuilding) process.once('exit', () => writeFileSync(cacheFile, script.createCachedData()));
  script.runInThisContext().call(module.exports, module.exports, Module.createRequire(filename), module, filename, __dirname);
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
