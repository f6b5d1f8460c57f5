import type { Clock } from '../clock.ts';

/** The computer's clocks. The one place that asks them. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
