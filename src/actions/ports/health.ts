import type { CallOptions } from './call.ts';

/** An open incident or advisory of Microsoft 365. */
export interface ServiceIssue {
  readonly service: string;
  readonly title: string;
  readonly kind: 'incident' | 'advisory' | 'other';
  readonly impact: string;
  readonly since: Date;
  readonly updatedAt: Date;
}

export interface ServiceHealth {
  /** Issues that are not resolved, the newest first. */
  current(limit: number, options: CallOptions): Promise<{ readonly issues: readonly ServiceIssue[]; readonly more: boolean }>;
}
