/** The journal for people: one page of plain HTML, without scripts, that a browser may keep open. */
import type { JournalEntry } from './journal.ts';

export interface JournalPageOptions {
  readonly entries: readonly JournalEntry[];
  /** Client ids and what they are called. */
  readonly identities: Readonly<Record<string, string>>;
  /** Names by the ids that occur in paths. */
  readonly names: ReadonlyMap<string, string>;
}

/** Longer bodies are cut: the JSON form has them whole. */
const BODY_CHARACTERS_SHOWN = 200;
const REFRESH_SECONDS = 3;

const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1b1b1f;background:#fff}
h1{font-size:1.4rem;margin:0 0 .3rem}p{margin:0 0 1rem;color:#55555e}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem .8rem .5rem 0;border-bottom:1px solid #ddd}
th{font-weight:600;color:#55555e}code{font:14px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){body{color:#eee;background:#1b1b1f}p,th{color:#b5b5bd}th,td{border-color:#444}}`;

/** Newest first. Everything that came over a wire is escaped, and held together against marks that turn the direction of text. */
export function journalPage({ entries, identities, names }: JournalPageOptions): string {
  const clients = new Map(Object.entries(identities).map(([name, clientId]) => [clientId, name]));
  const rows = [...entries].reverse().map((entry) => {
    const who = entry.identity === null ? 'nobody known' : (clients.get(entry.identity) ?? 'an unknown identity');
    const cells = [entry.time.slice(11, 19), who, entry.service].map((text) => `<td>${held(text)}</td>`).join('');
    return `<tr>${cells}<td><code>${operationOf(entry, names)}</code></td><td>${entry.status === 0 ? 'cut off' : entry.status}</td></tr>`;
  });
  const table = `<table><thead><tr><th>Time (UTC)</th><th>Identity</th><th>Service</th><th>Operation</th><th>Answer</th></tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="${REFRESH_SECONDS}"><title>What the robot did</title><style>${style}</style></head>
<body><h1>What the robot did</h1>
<p>Requests that changed something outside Steward, newest first. This page refreshes itself; other programs get the journal as JSON.</p>
${rows.length === 0 ? '<p><strong>Nothing was changed so far.</strong></p>' : table}
</body></html>
`;
}

export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** Method, path and body; an id that belongs to somebody is shown as the name, so that a person can read it. */
function operationOf({ method, path, query, body }: JournalEntry, names: ReadonlyMap<string, string>): string {
  const ids = [...path.matchAll(guid)];
  let shown = held(method) + ' ';
  let from = 0;
  for (const { 0: id, index } of ids) {
    const name = names.get(id.toLowerCase());
    shown += escape(path.slice(from, index)) + (name === undefined ? escape(id) : `<strong>${held(name)}</strong>`);
    from = index + id.length;
  }
  shown += escape(path.slice(from)) + (query === '' ? '' : held(`?${query}`));
  if (body === null || body === undefined) return shown;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `${shown}<br>${held(text.length > BODY_CHARACTERS_SHOWN ? `${text.slice(0, BODY_CHARACTERS_SHOWN)} …` : text)}`;
}

const held = (text: string): string => `<bdi>${escape(text)}</bdi>`;

const entities = new Map([['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;'], ['"', '&quot;'], ["'", '&#39;']]);

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities.get(character) ?? '');
