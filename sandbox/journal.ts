/** What the emulated services were asked to do: the evidence that tests and people read. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ServiceName } from './http.ts';

export interface JournalEntry {
  /** Counts up for the life of the sandbox, also across `clear`. */
  readonly index: number;
  readonly time: string;
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  /** Decoded, without the question mark. */
  readonly query: string;
  /** Client id of the token; null when no valid one came. */
  readonly identity: string | null;
  readonly audience: string | null;
  /** 0 when the connection was cut instead of answered. */
  readonly status: number;
  /** The request's body with secrets masked; null when there was none. */
  readonly body: unknown;
  /** True when the request changed something outside Steward. */
  readonly effect: boolean;
}

export interface RequestRecord {
  readonly service: ServiceName;
  readonly method: string;
  readonly url: URL;
  readonly identity?: { readonly clientId: string; readonly audience: string } | undefined;
  readonly status: number;
  readonly body?: unknown;
  readonly bodyBytes?: number;
  readonly effect?: boolean | undefined;
}

export interface JournalFilter {
  readonly service?: string | undefined;
  readonly effect?: boolean | undefined;
  /** Only entries with this index or a later one. */
  readonly since?: number | undefined;
}

export interface Journal {
  record(request: RequestRecord): void;
  entries(filter?: JournalFilter): readonly JournalEntry[];
  /** From now on this value never appears in the journal. */
  hide(secret: string): void;
  clear(): void;
  close(): void;
}

export interface JournalOptions {
  readonly file?: string | undefined;
  readonly entriesKept?: number;
  readonly bodyBytesKept?: number;
}

const masked = '[masked]';
const secretKey = /passw|secret|token|authorization|credential|assertion|api-?_?key|account_?key/i;
const jwt = /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g;
const deepest = 64;
/** Shorter values would mask ordinary words. */
const shortestSecret = 4;

/** Keeps the latest entries in memory, and all of them in `file` when one is given. */
export function createJournal(options: JournalOptions = {}): Journal {
  const { file, entriesKept = 50_000, bodyBytesKept = 128 * 1024 * 1024 } = options;
  const hidden = new Set<string>();
  const handle = file === undefined ? undefined : openSync(file, 'a', 0o600);
  let open = handle !== undefined;
  let kept: { readonly entry: JournalEntry; readonly bytes: number }[] = [];
  let keptBytes = 0;
  let next = 0;

  const maskText = (text: string): string => {
    let result = text.includes('eyJ') ? text.replace(jwt, masked) : text;
    for (const secret of hidden) if (result.includes(secret)) result = result.replaceAll(secret, masked);
    return result;
  };

  const mask = (value: unknown, service: ServiceName, depth = 0): unknown => {
    if (typeof value === 'string') return maskText(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth > deepest) return '[too deep]';
    if (Array.isArray(value)) return value.map((element) => mask(element, service, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => {
        // Numbers stay: `max_tokens` is no secret.
        const isSecret = typeof field === 'string' && (secretKey.test(key) || (service === 'vault' && key === 'value'));
        return [key, isSecret ? masked : mask(field, service, depth + 1)];
      }),
    );
  };

  const forgetOldest = (): void => {
    if (kept.length <= entriesKept && keptBytes <= bodyBytesKept) return;
    const dropped = kept.splice(0, Math.max(1, Math.ceil(kept.length / 10)));
    for (const { bytes } of dropped) keptBytes -= bytes;
  };

  const append = (entry: JournalEntry): void => {
    if (!open || handle === undefined) return;
    try {
      // Synchronous, so that a line is there before the caller of the service sees its answer.
      writeSync(handle, `${JSON.stringify(entry)}\n`);
    } catch (error) {
      open = false;
      process.stderr.write(`sandbox: the journal file can no longer be written: ${String(error)}\n`);
    }
  };

  return {
    record: ({ service, method, url, identity, status, body, bodyBytes = 0, effect = false }) => {
      const entry: JournalEntry = {
        index: next++,
        time: new Date().toISOString(),
        service,
        method,
        path: maskText(url.pathname),
        query: maskText([...url.searchParams].map(([key, value]) => `${key}=${value}`).join('&')),
        identity: identity?.clientId ?? null,
        audience: identity?.audience ?? null,
        status,
        body: mask(body ?? null, service),
        effect,
      };
      kept.push({ entry, bytes: bodyBytes });
      keptBytes += bodyBytes;
      forgetOldest();
      append(entry);
    },

    entries: ({ service, effect, since } = {}) =>
      kept
        .map(({ entry }) => entry)
        .filter(
          (entry) =>
            (service === undefined || entry.service === service) &&
            (effect === undefined || entry.effect === effect) &&
            (since === undefined || entry.index >= since),
        ),

    hide: (secret) => {
      for (const form of [secret, encodeURIComponent(secret)]) if (form.length >= shortestSecret) hidden.add(form);
    },

    clear: () => {
      kept = [];
      keptBytes = 0;
    },

    close: () => {
      if (handle !== undefined && open) closeSync(handle);
      open = false;
    },
  };
}
