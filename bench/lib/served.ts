/** The other side of `child.ts`: what a child answers to its parent. */

export type Answers = Readonly<Record<string, (value: unknown) => unknown>>;

/** What the parent hands over first. */
export const given = <T>(): Promise<T> =>
  new Promise((resolve) => {
    const onMessage = (received: unknown): void => {
      if (typeof received !== 'object' || received === null || !('given' in received)) return;
      process.off('message', onMessage);
      resolve(received.given as T);
    };
    process.on('message', onMessage);
  });

/** Says that it is ready, then answers until the parent ends it. */
export function serve(ready: unknown, answers: Answers, stop: () => Promise<void>): void {
  process.on('message', (received: unknown) => {
    const { id, question, value } = received as { readonly id?: number; readonly question?: string; readonly value?: unknown };
    if (id === undefined || question === undefined) return;
    void Promise.resolve(answers[question]?.(value)).then((answer) => process.send?.({ id, answer }));
  });
  const end = (): void => void stop().finally(() => process.exit(0));
  process.once('SIGTERM', end);
  // A parent that is gone leaves nobody to answer.
  process.once('disconnect', end);
  process.send?.({ ready });
}
