import type { Sealed } from './sealed.ts';

/** What the ledger holds, by kind. Values are digests, codes, public names and counts: no internal id, no secret, no message text. */
export type LedgerEvent =
  | { readonly kind: 'start'; readonly steward: string; readonly robot: string; /** Of the model, as Azure OpenAI names it; which model answered stands with each call. */ readonly deployment: string; readonly catalogue: string; readonly policy: string; readonly contract: string; /** Of the knowledge step: its prompt and its thresholds. */ readonly knowledge?: string; readonly configuration: string }
  | { readonly kind: 'message'; readonly turn: string; readonly person: string; readonly conversation: string; readonly tainted: boolean; readonly locale?: string }
  | { readonly kind: 'model'; readonly turn: string; readonly purpose: 'turn' | 'canary' | 'embedding'; readonly model: string; readonly promptTokens: number; readonly completionTokens: number; readonly costMicroUsd: number; readonly requestId: string; readonly durationMs: number }
  | { readonly kind: 'plan'; readonly turn: string; readonly plan: string; readonly steps: readonly { readonly action: string; readonly version: string; readonly digest: string; readonly provenance?: Readonly<Record<string, string>> }[]; readonly sealed?: readonly Sealed[] }
  | { readonly kind: 'decision'; readonly turn: string; readonly step: string; readonly action: string; readonly decision: string; readonly policies: readonly string[] }
  | { readonly kind: 'refusal'; readonly turn: string; readonly person: string; readonly code: string; readonly details: readonly string[] }
  | { readonly kind: 'approval'; readonly approval: string; readonly state: string; readonly by: string; readonly person: string; readonly binding: string; readonly turn?: string; readonly steps?: readonly string[]; readonly code?: string; readonly settled?: string; /** Keyed digest of the card that was clicked, as it was sent. */ readonly shown?: string; readonly sealed?: readonly Sealed[] }
  | { readonly kind: 'intent'; readonly execution: string; readonly turn: string; readonly action: string; readonly version: string; readonly step: string; readonly target?: string; readonly requester: string; readonly approver?: string; readonly policies: readonly string[]; readonly killEpoch: number }
  | { readonly kind: 'outcome'; readonly execution: string; readonly outcome: string; readonly code?: string; readonly requestIds: readonly string[]; readonly durationMs: number }
  | { readonly kind: 'file'; readonly offer: string; readonly turn: string; readonly action: string; readonly person: string; readonly state: 'offered' | 'declined' | 'intended' | 'put' | 'failed' | 'unknown'; readonly bytes?: number; readonly digest?: string; readonly code?: string }
  /** One question that was answered from articles, or was not: what was found in which index, what of the model's sentences was kept and what dropped, and why. */
  | {
      readonly kind: 'answer';
      readonly turn: string;
      readonly person: string;
      /** Keyed digest of the question. */
      readonly question: string;
      readonly index: string;
      /** Whose articles could be said to whoever heard it, and on which day: what was found depends on both. */
      readonly hears: readonly string[];
      readonly day: string;
      readonly passages: readonly { readonly article: string; readonly hash: string; readonly similarity: number; readonly lexical: number; readonly score: number }[];
      readonly kept: readonly { readonly digest: string; readonly hash: string; readonly verbatim: boolean; readonly overlap: number; readonly agreement: number }[];
      readonly dropped: readonly { readonly digest: string; readonly reason: string; readonly agreement?: number }[];
      readonly refusal?: string;
      readonly sealed?: readonly Sealed[];
    }
  /** What a reader thinks of an answer, by the public name of its record. */
  | { readonly kind: 'feedback'; readonly answer: string; readonly turn: string; readonly person: string; readonly reaction: 'like' | 'dislike'; readonly articles: readonly string[]; readonly told: readonly string[]; readonly sealed?: readonly Sealed[] }
  | { readonly kind: 'reply'; readonly turn: string; readonly digest: string; readonly withheld: boolean }
  | { readonly kind: 'latch'; readonly change: 'stopped' | 'revived' | 'seen' | 'drill'; readonly level: string; readonly epoch: number; readonly person: string; readonly confirmedBy?: string; readonly scope?: string; readonly key?: string; readonly breakGlass?: boolean; readonly seal?: string; readonly stops?: number; readonly milliseconds?: readonly number[] }
  | { readonly kind: 'limit'; readonly action: string; readonly perHour: number; readonly person: string; readonly confirmedBy: string }
  /** `asked` stands before the change, and what became of it after. `person` is whom it is about. */
  | { readonly kind: 'records'; readonly change: 'erase' | 'hold' | 'release'; readonly state: 'asked' | 'done' | 'refused' | 'again'; readonly person: string; readonly by: string; readonly confirmedBy?: string; readonly approval?: string; readonly code?: string; readonly sealed?: readonly Sealed[] }
  /** An instance is there, and keeps the ledger for so many days. */
  | { readonly kind: 'sweep'; readonly days: number }
  /** Another chain is taken away as a whole: how many records it had, the hash of the last one and its time, where it could still be read. */
  | { readonly kind: 'retired'; readonly chain: string; readonly records: number; readonly hash: string; readonly last?: string; readonly days: number }
  | { readonly kind: 'spending'; readonly day: string; readonly target: string; readonly toMicroUsd: number; readonly person: string };

/** One line of the ledger. */
export interface LedgerRecord {
  readonly version: 1;
  readonly sequence: number;
  /** ISO 8601, by the instance's clock. */
  readonly at: string;
  /** Public name of the record: what people are given as a reference. */
  readonly id: string;
  readonly event: LedgerEvent;
  /** Hash of the record before it; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 over the canonical JSON of everything above. */
  readonly hash: string;
}

/** Where the ledger is kept: one append-only blob for each start of an instance. */
export interface LedgerStore {
  /**
   * Appends whole lines at the byte position where the last append ended, so that a fork is a failure and not a merge.
   * Fails with `LEDGER_UNAVAILABLE`.
   */
  append(lines: string, positionBytes: number): Promise<void>;
}

/** What was appended, read back. */
export interface LedgerReader {
  /** Bytes of this ledger from a position on, at most so many. Fails with `LEDGER_UNAVAILABLE`. */
  read(positionBytes: number, mostBytes: number): Promise<Uint8Array>;
}

/** Keyed digests over personal data: the same id gives the same digest in this deployment, and none elsewhere. */
export interface DigestKey {
  digest(value: string): string;
}
