import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';

const MOST_MESSAGE_CHARACTERS = 1_000;

const body = z.object({ error: z.object({ code: z.string().catch(''), message: z.string().catch('') }) });

/**
 * What a system refused with 4xx, for the client that has to tell its reasons apart. `systemCode` is kept only where it is
 * one plain word. What the message says is matched in `src/clients` and never shown, logged or inspected: it holds ids.
 */
export class SystemRefusal extends StewardError {
  readonly status: number;
  /** Such as `Request_BadRequest`; empty where there is none. */
  readonly systemCode: string;
  readonly #message: string;

  constructor(code: 'SYSTEM_NOT_FOUND' | 'SYSTEM_REFUSED', message: string, status: number, answer: unknown) {
    super(code, message);
    const { error } = body.safeParse(answer).data ?? { error: { code: '', message: '' } };
    this.status = status;
    this.systemCode = /^[A-Za-z][\w.]{0,80}$/.test(error.code) ? error.code : '';
    this.#message = error.message.slice(0, MOST_MESSAGE_CHARACTERS);
  }

  says(pattern: RegExp): boolean {
    return pattern.test(this.#message);
  }
}
