/** What the sandbox model answers to a request it does not take, in the two shapes of Azure OpenAI. */

/** A request that the real service answers with 4xx. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    super(`the sandbox model answers ${String(status)}`);
    this.status = status;
    this.body = body;
  }
}

/** The error shape of the resource: unknown deployment, bad token. */
export function azureError(code: string, message: string): unknown {
  return { error: { code, message } };
}

/** The error shape of the model: a bad body. */
export function openAiError(message: string, param: string | null, code: string | null = null): unknown {
  return { error: { message, type: 'invalid_request_error', param, code } };
}

/** The answer to a body that cannot be taken. */
export function bad(message: string, param: string | null, code: string | null = null): WireError {
  return new WireError(400, openAiError(message, param, code));
}
