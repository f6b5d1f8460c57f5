/**
 * Preloaded into a process of Steward by the proof and the bench of the kill switch (`node --import bench/wire.mjs`), which
 * ask what left the process and when. The product knows nothing of it: it listens to what Node says of its own HTTP, and
 * looks at aborts. One line for each event goes to the file `BENCH_WIRE`, at once, so that a killed process has told all:
 *
 *     <CLOCK_MONOTONIC in ns, the same for all processes of a machine> <kind> <number of the request> <what>
 *
 * `effect`: a request that changes something at Graph was handed over to be sent, whole. `effect-over`: its answer began, or
 * it failed. `read`, `read-over`: of the latch. `write`, `write-over`: of the latch. `say`, `say-over`: to the channel.
 * `came`: a request of the channel arrived. `abort`: the kill switch called a running call off.
 */
import { subscribe } from 'node:diagnostics_channel';
import { openSync, writeSync } from 'node:fs';

const { BENCH_WIRE: path } = process.env;
delete process.env.BENCH_WIRE;
const LATCH = /^\/latch\(/i;
const STOPPED = /^(?:KILLED|READ_ONLY|STOPPED_)/;
const READS = new Set(['GET', 'HEAD']);

if (path !== undefined) {
  const file = openSync(path, 'a');
  const note = (at, ...parts) => writeSync(file, `${at} ${parts.join(' ')}\n`);
  /** What is known of requests that are on their way. */
  const running = new WeakMap();
  let count = 0;

  const kindOf = ({ method, path: target }, host) => {
    if (host.startsWith('graph.microsoft.com')) return READS.has(method) ? undefined : 'effect';
    if (host.includes('.table.core.windows.net') && LATCH.test(target)) return READS.has(method) ? 'read' : 'write';
    return host.startsWith('smba.trafficmanager.net') ? 'say' : undefined;
  };

  subscribe('http.client.request.start', ({ request }) => {
    const at = process.hrtime.bigint();
    const kind = kindOf(request, String(request.getHeader('host') ?? ''));
    if (kind === undefined) return;
    count += 1;
    const number = count;
    let isOver = false;
    const over = (how) => {
      if (isOver) return;
      isOver = true;
      note(process.hrtime.bigint(), `${kind}-over`, number, how);
    };
    running.set(request, over);
    note(at, kind, number, request.method, request.path);
    request.once('close', () => over('none'));
  });
  subscribe('http.client.response.finish', ({ request, response }) => running.get(request)?.(response.statusCode));
  subscribe('http.server.request.start', ({ request }) => note(process.hrtime.bigint(), 'came', 0, request.url));

  const { abort } = AbortController.prototype;
  AbortController.prototype.abort = function noted(reason) {
    if (STOPPED.test(reason?.code) && !this.signal.aborted) note(process.hrtime.bigint(), 'abort', 0, reason.code);
    return abort.call(this, reason);
  };
}
