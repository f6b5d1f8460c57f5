import type { JsonWebKey } from 'node:crypto';
import type { AnswerPorts } from '../knowledge/answer.ts';

/** What `knowledge build` and `knowledge ask` need from outside: Azure with the operator's own login, or the local stand-ins. */
export interface KnowledgeServices {
  /** The embedding model by its own name. */
  readonly model: string;
  readonly embed: AnswerPorts['embed'];
  readonly ask: AnswerPorts['ask'];
  /** RS256 with the key of this deployment's index. */
  readonly sign: (digest: Uint8Array) => Promise<{ readonly key: string; readonly signature: string }>;
  /** The public key by the name that a signature has for it. */
  readonly keyOf: (name: string) => Promise<JsonWebKey | undefined>;
  /** Said once to whoever asks, where it is not the customer's Azure. */
  readonly note?: string;
  readonly close: () => void;
}

/** Runs `git` with these words in a folder, and resolves to what it prints. Rejects when it fails or there is none. */
export type Git = (words: readonly string[], directory: string) => Promise<string>;

export interface KnowledgeSetting {
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly git: Git;
  readonly services: () => Promise<KnowledgeServices>;
  /** A day such as `2026-01-31`. */
  readonly today: () => string;
}
