/**
 * Preloaded into a production process by the bench and by tests (`node --import bench/redirect.mjs`): production host
 * names lead to this machine. The product knows nothing of it. Every connection to a host that is neither on the list
 * nor on loopback is refused, so nothing leaves the machine.
 *
 * `BENCH_REDIRECT` is JSON: `{"graph.microsoft.com:443": 40123, …}`.
 */
import net from 'node:net';

const ports = JSON.parse(process.env.BENCH_REDIRECT ?? '{}');
const isLoopback = (host) => host === undefined || /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/.test(host);

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function redirected(...given) {
  // `net.connect` and `tls.connect` hand over an array of normalised arguments, which carries a mark; it is changed in place.
  const normalised = Array.isArray(given[0]);
  const options = normalised ? given[0][0] : given[0];
  if (typeof options !== 'object' || options === null || options.path) return connect.apply(this, given);
  const port = ports[`${options.host}:${options.port}`];
  if (port === undefined && !isLoopback(options.host)) {
    process.nextTick(() => this.destroy(Object.assign(new Error('this host is not part of the bench'), { code: 'ENOTFOUND' })));
    return this;
  }
  const target = port === undefined ? options : { ...options, host: '127.0.0.1', port };
  if (normalised) given[0][0] = target;
  else given[0] = target;
  return connect.apply(this, given);
};

// Node has read it by now, and trusts the authorities in that file; Steward would not start with it.
delete process.env.NODE_EXTRA_CA_CERTS;
