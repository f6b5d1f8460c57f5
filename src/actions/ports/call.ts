/** What every call into the world takes and gives back. */

export interface CallOptions {
  /** Aborted by the kill switch and by the step's deadline. */
  readonly signal: AbortSignal;
  /**
   * Awaited before an effect is sent a second time (it was throttled, or never left). When it rejects, the effect is not
   * sent again and fails as not done. The guard reads the kill switch again here.
   */
  readonly beforeRetry?: () => Promise<void>;
}

/** What a system answered to an effect, for the ledger. */
export interface OperationReceipt {
  /** Request ids that the system returned, newest last. */
  readonly requestIds: readonly string[];
}
