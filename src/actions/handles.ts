import { randomBytes } from 'node:crypto';
import { z } from 'zod/v4';
import type { InternalId } from './internal-id.ts';

/**
 * Handles: opaque references that the server mints for one person in one conversation. A plan can point at a thing
 * only through one. A handle is a reference, not authority: the policy decides about what it resolves to, each time.
 */
export const handleKinds = ['person', 'device', 'group', 'licence', 'ticket', 'app'] as const;
export type HandleKind = (typeof handleKinds)[number];
export type Handle<K extends HandleKind = HandleKind> = `${K}_${string}`;
/** Stands for something that the person pasted and the model must not see: an address, a GUID, a mention. */
export type TextHandle = `text_${string}`;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** 12 characters of base32 are 60 random bits: unique in the deployment for all practical purposes. */
const LENGTH = 12;
/** A handle lives eight hours after it was last minted: every result that shows the thing again renews it. */
export const HANDLE_TTL_MS = 8 * 60 * 60 * 1000;
/** The most handles kept for one person in one conversation; the longest unused go first. */
const MOST_HANDLES = 240;

/** What a handle stands for once resolved. `label` is directory text: for people only, never for the model. */
export interface Reference<K extends HandleKind = HandleKind> {
  readonly kind: K;
  readonly handle: Handle<K>;
  readonly id: InternalId;
  readonly label: string;
}

export interface StoredHandle {
  readonly handle: string;
  readonly kind: HandleKind | 'text';
  /** Absent for text. */
  readonly id?: InternalId;
  /** The label to show; for text, the text itself. */
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** Any handle in a text, of whatever kind, with the braces that the model may put around it. */
export const HANDLE_IN_TEXT = new RegExp(`\\{?\\b((?:${[...handleKinds, 'text'].join('|')})_[a-z2-7]{6,40})\\b\\}?`, 'g');

/** Marks a parameter as a handle of one kind, for the parser and for the model's JSON Schema. */
export function handle<K extends HandleKind>(kind: K): z.ZodType<Handle<K>, string> {
  return z
    .string()
    .regex(new RegExp(`^${kind}_[a-z2-7]{6,40}$`), `must be a ${kind}_… handle`)
    .meta({ handle: kind, description: `A ${kind}_… handle that was given to you in this conversation.` }) as unknown as z.ZodType<Handle<K>, string>;
}

/**
 * The handles of one person in one conversation. Loaded with the conversation, saved with it; resolving is a look-up
 * here and nowhere else, so that a forged, foreign or expired handle resolves to nothing.
 */
export class HandleBook {
  readonly #byHandle = new Map<string, StoredHandle>();

  constructor(stored: readonly StoredHandle[], nowMs: number) {
    for (const entry of stored) if (entry.expiresAtMs > nowMs) this.#byHandle.set(entry.handle, entry);
  }

  /** Mints a handle, or renews the one that this thing already has here. */
  mint<K extends HandleKind>(kind: K, id: InternalId, label: string, nowMs: number): Handle<K> {
    for (const entry of this.#byHandle.values()) {
      if (entry.kind === kind && entry.id?.equals(id) === true) return this.#put({ ...entry, label }, nowMs) as Handle<K>;
    }
    return this.#put({ handle: `${kind}_${random()}`, kind, id, label, expiresAtMs: 0 }, nowMs) as Handle<K>;
  }

  /** Mints a handle for text that the model must not see. */
  mintText(text: string, nowMs: number): TextHandle {
    for (const entry of this.#byHandle.values()) {
      if (entry.kind === 'text' && entry.label === text) return this.#put(entry, nowMs) as TextHandle;
    }
    return this.#put({ handle: `text_${random()}`, kind: 'text', label: text, expiresAtMs: 0 }, nowMs) as TextHandle;
  }

  /** What a handle stands for, or undefined: unknown here, of another kind, or expired. */
  resolve<K extends HandleKind>(kind: K, wanted: string, nowMs: number): Reference<K> | undefined {
    const entry = this.#live(wanted, nowMs);
    if (entry?.kind !== kind || entry.id === undefined) return undefined;
    return { kind, handle: wanted as Handle<K>, id: entry.id, label: entry.label };
  }

  /** The text behind a `text_…` handle, or undefined. */
  resolveText(wanted: string, nowMs: number): string | undefined {
    const entry = this.#live(wanted, nowMs);
    return entry?.kind === 'text' ? entry.label : undefined;
  }

  /** The label to show for a handle of any kind, or undefined. */
  labelOf(wanted: string, nowMs: number): string | undefined {
    return this.#live(wanted, nowMs)?.label;
  }

  /** Every internal id that a handle of this conversation stands for; the output gate looks for them. */
  ids(): readonly InternalId[] {
    return [...this.#byHandle.values()].flatMap((entry) => (entry.id === undefined ? [] : [entry.id]));
  }

  entries(nowMs: number): readonly StoredHandle[] {
    return [...this.#byHandle.values()]
      .filter((entry) => entry.expiresAtMs > nowMs)
      .sort((a, b) => b.expiresAtMs - a.expiresAtMs)
      .slice(0, MOST_HANDLES);
  }

  #live(wanted: string, nowMs: number): StoredHandle | undefined {
    const entry = this.#byHandle.get(wanted);
    return entry !== undefined && entry.expiresAtMs > nowMs ? entry : undefined;
  }

  #put(entry: StoredHandle, nowMs: number): string {
    this.#byHandle.set(entry.handle, { ...entry, expiresAtMs: nowMs + HANDLE_TTL_MS });
    return entry.handle;
  }
}

function random(): string {
  // 256 is a multiple of 32, so the remainder is unbiased.
  return [...randomBytes(LENGTH)].map((byte) => ALPHABET.charAt(byte % 32)).join('');
}
