import type { JsonWebKey } from 'node:crypto';
import { systemClock } from './clock.ts';
import { endpointsFor } from './clouds.ts';
import { AzureEmbedder } from './embedder.ts';
import { KNOWLEDGE_KEY, publicKeyOf } from './index-store.ts';
import { AzureReasoner } from './model.ts';
import { logIn, type GivenLogin } from './operator-login.ts';
import { VaultKey } from './vault-key.ts';
import { StewardError } from '../errors.ts';
import type { ModelRequest } from '../guard/reasoner.ts';

/** Building and asking an index with an operator's own Azure login. What it costs is the operator's: the ceiling is of the deployment that runs. */

const TIMEOUT_MS = 60_000;
const MOST_COMPLETION_TOKENS = 800;

export interface KnowledgeOperatorOptions extends GivenLogin {
  readonly tenantId: string;
  readonly vault: string;
  readonly openai: string;
  readonly embedding: { readonly deployment: string; readonly name: string };
  /** Absent: an index can be built, and not asked. */
  readonly model?: { readonly deployment: string; readonly name: string } | undefined;
}

export interface KnowledgeOperator {
  readonly model: string;
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  /** Fails with `CONFIGURATION_INVALID` without a model. */
  ask(request: { readonly system: string; readonly user: string }, answerIn: NonNullable<ModelRequest['answerIn']>): Promise<string>;
  sign(digest: Uint8Array): Promise<{ readonly key: string; readonly signature: string }>;
  keyOf(name: string): Promise<JsonWebKey | undefined>;
  close(): void;
}

export function openKnowledgeOperator({ embedding, model, openai, tenantId, vault, ...given }: KnowledgeOperatorOptions): KnowledgeOperator {
  const endpoints = endpointsFor('public', { vault, openai, storage: 'unused' });
  const { close, credential, httpClient } = logIn(tenantId, [endpoints.vault, endpoints.openai], given);
  const azure = { endpoint: endpoints.openai, credential, httpClient };
  const embedder = new AzureEmbedder({ ...azure, deployment: embedding.deployment });
  const reasoner = model && new AzureReasoner({ ...azure, ...model });
  const key = new VaultKey({ name: KNOWLEDGE_KEY, endpoint: endpoints.vault, credential, httpClient, clock: systemClock, operations: ['sign'] });
  return {
    model: embedding.name,
    embed: async (texts) => (await embedder.embed(texts, AbortSignal.timeout(TIMEOUT_MS))).vectors,
    ask: async ({ system, user }, answerIn) => {
      if (reasoner === undefined) throw new StewardError('CONFIGURATION_INVALID', 'asking needs STEWARD_OPENAI_DEPLOYMENT and STEWARD_OPENAI_MODEL');
      const request: ModelRequest = { messages: [{ role: 'system', content: system }, { role: 'user', content: user }], tools: [], maxCompletionTokens: MOST_COMPLETION_TOKENS, answerIn };
      return (await reasoner.complete(request, AbortSignal.timeout(TIMEOUT_MS))).text;
    },
    sign: async (digest) => {
      const { client, name } = await key.newest();
      const { result } = await client.sign('RS256', digest, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      return { key: name, signature: Buffer.from(result).toString('base64url') };
    },
    keyOf: (name) => publicKeyOf({ vault: endpoints.vault, credential, httpClient }, name),
    close,
  };
}
