/** Traps of restify 12.0.0. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a line of code prints in a process that has loaded nothing else. */
async function printedBy(code: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', code]);
  return stdout.trim();
}

describe('platform: restify 12.0.0', () => {
  it('adds `query` to every IncomingMessage of the process, other servers’ included', async () => {
    const print = "console.log(typeof require('node:http').IncomingMessage.prototype.query);";
    assert.equal(await printedBy(`${print} require('restify'); ${print}`), 'undefined\nfunction');
  });
  it('makes `writeHead` of every ServerResponse of the process return nothing, so that it can’t be chained', async () => {
    const code = `const http = require('node:http'); require('restify');
      http.createServer((q, r) => { console.log(typeof r.writeHead(200)); r.end(); }).listen(0, '127.0.0.1', function () { fetch('http://127.0.0.1:' + this.address().port).then(() => process.exit(0)); });`;
    assert.equal(await printedBy(code), 'undefined');
  });
  it('ends the process on a body that says gzip and is none (src/bot/server.ts must refuse it before bodyParser reads)', async () => {
    const code = `const restify = require('restify'); const server = restify.createServer(); server.use(restify.plugins.bodyParser()); server.post('/', async (q, r) => { r.send(200); });
      server.listen(0, '127.0.0.1', () => fetch('http://127.0.0.1:' + server.address().port, { method: 'POST', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: 'x' }).then(() => process.exit(0)));`;
    await assert.rejects(printedBy(code), /Unhandled .error. event/);
  });
});
