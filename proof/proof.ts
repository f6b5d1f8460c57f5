/** What `npm run proof` knows about every proof. */
export interface ProofOptions {
  /** Where chance starts: the same seed, the same cases. */
  readonly seed: number;
  /** How many random cases; absent: as many as the proof promises. */
  readonly count?: number;
  /** Told now and then how far it is, in a few words. */
  readonly progress: (text: string) => void;
}

export interface Outcome {
  /** What was counted, in the order in which it is printed. */
  readonly counts: Readonly<Record<string, number>>;
  /** One line each, enough to repeat the case; empty when the claim held. */
  readonly violations: readonly string[];
}

export interface Proof {
  /** What is claimed, in one sentence. */
  readonly claim: string;
  run(options: ProofOptions): Promise<Outcome>;
}
