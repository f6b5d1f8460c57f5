/**
 * Preloaded into the bot by `proof/guard-crash.ts`: its wall clock runs ahead by `CRASH_AHEAD_MS`. The cloud's does the
 * same, so that after a crash the time in which a dead instance could be alive is over without anybody waiting for it.
 */
const aheadMs = Number(process.env.CRASH_AHEAD_MS ?? 0);
const Plain = Date;

globalThis.Date = class extends Plain {
  constructor(...given) {
    if (given.length === 0) super(Plain.now() + aheadMs);
    else super(...given);
  }

  static now() {
    return Plain.now() + aheadMs;
  }
};
