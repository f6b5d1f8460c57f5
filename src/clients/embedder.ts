import type { AzureOpenAI } from 'openai';
import type { EmbeddingCreateParams } from 'openai/resources/embeddings';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import type { Embedder, EmbeddingReply } from '../guard/reasoner.ts';
import { answerOf, openAzureOpenAI, type DeploymentOptions } from './azure-openai.ts';

/** An array may hold so many texts: learn.microsoft.com/azure/ai-services/openai/reference (embeddings). */
const MOST_TEXTS = 2_048;

const embeddings = z.object({
  model: z.string().optional(),
  data: z.array(z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()).min(1) })),
  usage: z.unknown(),
});

const usage = z.object({ prompt_tokens: z.int().nonnegative() });

/** One embedding deployment of Azure OpenAI under the reasoner's identity. */
export class AzureEmbedder implements Embedder {
  readonly #client: AzureOpenAI;
  readonly #deployment: string;

  constructor(options: DeploymentOptions) {
    this.#deployment = options.deployment;
    this.#client = openAzureOpenAI(options);
  }

  requestBytes(texts: readonly string[]): number {
    return Buffer.byteLength(JSON.stringify(this.#bodyOf(texts)), 'utf8');
  }

  /** Fails with `UNEXPECTED` on no text, an empty one or more than the service takes. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<EmbeddingReply> {
    if (texts.length === 0 || texts.length > MOST_TEXTS || texts.includes('')) throw new StewardError('UNEXPECTED', 'texts that can’t be embedded');
    const { received, requestId } = await answerOf(signal, (own) => this.#client.embeddings.create(this.#bodyOf(texts), { signal: own }));
    const parsed = embeddings.safeParse(received);
    const byIndex = new Map(parsed.data?.data.map(({ embedding, index }) => [index, embedding]));
    const vectors = texts.flatMap((_, index) => (byIndex.has(index) ? [byIndex.get(index) ?? []] : []));
    const isWhole = vectors.length === texts.length && byIndex.size === texts.length && vectors.every(({ length }) => length === vectors[0]?.length);
    if (!parsed.success || !isWhole) throw new StewardError('MODEL_MALFORMED', 'the model answered in an unexpected shape');
    const counted = usage.safeParse(parsed.data.usage);
    return {
      vectors,
      usage: counted.success ? { promptTokens: counted.data.prompt_tokens, completionTokens: 0 } : undefined,
      model: parsed.data.model ?? '',
      requestId,
    };
  }

  #bodyOf(texts: readonly string[]): EmbeddingCreateParams {
    // Said, although it is the default: later SDKs ask for base64 where nothing is said.
    return { model: this.#deployment, input: [...texts], encoding_format: 'float' };
  }
}
