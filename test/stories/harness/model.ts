/**
 * A scripted model: an HTTP server that speaks OpenAI's chat completions and says what the story tells it to. A call
 * that the script does not foresee, and a step that is left over, fail the story.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HandleKind } from '../../../src/actions/handles.ts';
import { at, isObject, listAt, parse, textAt } from './json.ts';
import { sleep } from './wait.ts';

export interface Call {
  readonly name: unknown;
  /** An object is sent as JSON text, text is sent as it is. */
  readonly arguments: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
}

/** What the model answers. */
export type Reply =
  | { readonly kind: 'completion'; readonly message: unknown; readonly finishReason: string }
  | { readonly kind: 'http'; readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

export type Step = Reply | ((request: ModelRequest) => Reply | Promise<Reply>);

let nextCall = 1;

/** The model talks. */
export const says = (text: string): Reply => ({ kind: 'completion', message: { role: 'assistant', content: text }, finishReason: 'stop' });

/** The model calls tools. */
export const calls = (...list: readonly Call[]): Reply => ({
  kind: 'completion',
  message: {
    role: 'assistant',
    content: null,
    tool_calls: list.map((call) => ({
      id: 'id' in call ? call.id : `call_${nextCall++}`,
      type: 'type' in call ? call.type : 'function',
      function: { name: call.name, arguments: isObject(call.arguments) ? JSON.stringify(call.arguments) : call.arguments },
    })),
  },
  finishReason: 'tool_calls',
});

/** A message of any shape in an otherwise proper completion. */
export const message = (value: unknown, finishReason = 'stop'): Reply => ({ kind: 'completion', message: value, finishReason });

/** A body of any shape. */
export const body = (value: unknown, options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}): Reply => ({
  kind: 'http',
  status: options.status ?? 200,
  body: typeof value === 'string' ? value : JSON.stringify(value),
  headers: { 'content-type': 'application/json', ...options.headers },
});

export const fails = (status: number, headers: Readonly<Record<string, string>> = {}): Reply =>
  body({ error: { code: String(status), message: 'The model was told to fail.' } }, { status, headers });

export const hangs: Reply = { kind: 'hang' };
export const resets: Reply = { kind: 'reset' };

/** The same after a while. */
export const later = (delayMs: number, step: Step): DelayedStep => ({ delayMs, step });

export interface DelayedStep {
  readonly delayMs: number;
  readonly step: Step;
}

/** A request that the model received. */
export class ModelRequest {
  readonly atMs = Date.now();
  readonly raw: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly path: string;

  constructor(path: string, headers: ModelRequest['headers'], raw: string) {
    this.path = path;
    this.headers = headers;
    this.raw = raw;
    this.body = parse(raw);
  }

  get messages(): readonly unknown[] {
    return listAt(this.body, 'messages');
  }

  /** Texts of the messages of one role, oldest first. */
  texts(role: string): readonly string[] {
    return this.messages.filter((entry) => at(entry, 'role') === role).map((entry) => textAt(entry, 'content'));
  }

  /** The newest message of one role, or an empty text. */
  last(role: string): string {
    return this.texts(role).at(-1) ?? '';
  }

  get toolNames(): readonly string[] {
    return listAt(this.body, 'tools').map((tool) => textAt(tool, 'function', 'name'));
  }

  /** The handle of the person who asks, as a system message names it; fails when none does. */
  get asker(): string {
    const found = this.texts('system').join('\n').match(/person_[a-z2-7]{6,40}/g)?.at(-1);
    if (found === undefined) throw new Error('no system message says who asks');
    return found;
  }

  /** Handles of one kind in the newest message of a role, in order, each once. */
  handles(kind: HandleKind | 'text', role: 'tool' | 'user'): readonly string[] {
    return [...new Set(this.last(role).match(new RegExp(`\\b${kind}_[a-z2-7]{6,40}\\b`, 'g')) ?? [])];
  }

  /** The first handle of one kind in the newest message of a role; fails when there is none. */
  handle(kind: HandleKind | 'text', role: 'tool' | 'user'): string {
    const [first] = this.handles(kind, role);
    if (first === undefined) throw new Error(`no ${kind}_… handle in the newest ${role} message: ${this.last(role).slice(0, 300)}`);
    return first;
  }
}

export class ScriptedModel {
  readonly #server: Server;
  #script: (Step | DelayedStep)[] = [];
  #always: Step | undefined;
  #requests: ModelRequest[] = [];
  #problems: string[] = [];
  #inFlight = 0;
  #lastMs = 0;

  readonly #name: string;

  private constructor(server: Server, name: string) {
    this.#server = server;
    this.#name = name;
  }

  /** `name` is the model that answers say they come from. */
  static async start(name = 'scripted'): Promise<ScriptedModel> {
    const server = createServer();
    const model = new ScriptedModel(server, name);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      model.#inFlight += 1;
      const over = (): void => {
        response.off('close', over);
        model.#inFlight -= 1;
        model.#lastMs = Date.now();
      };
      response.once('close', over);
      // Nobody waits for an answer that never comes.
      response.once('hang', over);
      model.#answer(request, response).catch((error: unknown) => {
        model.#problems.push(String(error));
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests since the last `forget`. */
  get requests(): readonly ModelRequest[] {
    return this.#requests;
  }

  get busy(): boolean {
    return this.#inFlight > 0;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  /** Adds steps to the script: one for each call to come. */
  play(...steps: readonly (Step | DelayedStep)[]): void {
    this.#script.push(...steps);
  }

  /** From now on every call gets this, once the script is played. Undefined ends it. */
  always(step: Step | undefined): void {
    this.#always = step;
  }

  /** A new story: nothing planned, nothing received. */
  forget(): void {
    this.#script = [];
    this.#always = undefined;
    this.#requests = [];
    this.#problems = [];
  }

  /** Fails on a call that no step foresaw and on a step that was never asked for. */
  assertDone(): void {
    const problems = [...this.#problems];
    if (this.#script.length > 0) problems.push(`${this.#script.length} steps of the script were never asked for`);
    if (problems.length > 0) throw new Error(`scripted model: ${problems.join('; ')}`);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const received = new ModelRequest(pathname, request.headers, Buffer.concat(chunks).toString('utf8'));
    if (request.method !== 'POST' || !pathname.endsWith('/chat/completions')) {
      this.#problems.push(`unexpected ${request.method ?? ''} ${pathname}`);
      this.#send(response, fails(404));
      return;
    }
    this.#requests.push(received);
    this.#lastMs = Date.now();
    const planned = this.#script.shift() ?? this.#always;
    if (planned === undefined) {
      this.#problems.push(`unexpected call number ${this.#requests.length}, after “${received.last('user').slice(0, 120)}”`);
      this.#send(response, fails(500));
      return;
    }
    const step = typeof planned === 'object' && 'delayMs' in planned ? planned.step : planned;
    if (typeof planned === 'object' && 'delayMs' in planned) await sleep(planned.delayMs);
    this.#send(response, typeof step === 'function' ? await step(received) : step);
  }

  #send(response: ServerResponse, reply: Reply): void {
    if (response.destroyed) return;
    switch (reply.kind) {
      case 'hang':
        response.emit('hang');
        return;
      case 'reset':
        response.destroy();
        return;
      case 'http':
        response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
        response.end(reply.body);
        return;
      case 'completion': {
        const text = JSON.stringify({
          id: `chatcmpl-${nextCall++}`,
          object: 'chat.completion',
          created: Math.floor(Date.now() / 1000),
          model: this.#name,
          choices: [{ index: 0, message: reply.message, finish_reason: reply.finishReason, logprobs: null }],
          // Little, so that a file full of stories stays below the ceiling of one person's day.
          usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
        });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.end(text);
      }
    }
  }
}
