/** The value of a promise, or undefined when it takes longer. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<{ readonly value: T } | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  return Promise.race([promise.then((value) => ({ value })), late]).finally(() => {
    clearTimeout(timer);
  });
}
