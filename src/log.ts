import { errorCode, StewardError } from './errors.ts';

/**
 * What may be printed about an error: our own code and message, or for anything else its class, its code and where it
 * came from. Messages of other people's errors carry URLs, ids and tokens.
 */
export function describeError(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Error)) return { code: 'UNEXPECTED', name: typeof error };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const { code } = error as { code?: unknown };
  return {
    code: errorCode(error),
    name: error.name,
    ...(error instanceof StewardError ? { message: error.message } : { system: typeof code === 'string' ? code.slice(0, 60) : '' }),
    ...(cause && { cause: cause.name }),
    at: placeOf(error),
  };
}

const FRAME = /^ {4}at .*?((?:src|sandbox|node_modules)\/[\w@.+/-]{1,200}\.[cm]?[jt]s:\d+):\d+\)?$/;

/** The first place of ours, or of a library, in a stack. A stack begins with the message, which may look like one. */
function placeOf({ message, stack = '' }: Error): string {
  const start = stack.indexOf(message);
  // A message that is not found at the start was changed since: nobody knows then where the old one ends.
  if (start === -1 || stack.slice(0, start).includes('\n')) return '';
  for (const line of stack.slice(start + message.length).split('\n').slice(1, 100)) {
    const place = FRAME.exec(line.slice(0, 500))?.[1];
    if (place !== undefined) return place;
  }
  return '';
}

/** One line of JSON with the fields above. */
export function errorLine(error: unknown, at: Date): string {
  return `${JSON.stringify({ time: at.toISOString(), level: 'error', ...describeError(error) })}\n`;
}

/**
 * Silences what libraries print: botframework-connector prints signing keys and tokens' errors, teams-ai whole requests
 * (4.23.3, 1.7.4). Steward's own lines go to the streams directly.
 */
export function silenceLibraries(target: Console): void {
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) target[method] = () => undefined;
}
