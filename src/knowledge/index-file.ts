import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { endianness } from 'node:os';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import { article, passageHash, sha256, type Article, type Passage } from './article.ts';

/** What is built from reviewed articles, signed, and loaded by Steward. Three files, the same bytes from the same articles and vectors. */

export const INDEX_FILE = 'index.json';
export const VECTORS_FILE = 'vectors.f32';
export const SIGNATURE_FILE = 'signature.json';

export interface KnowledgeIndex {
  readonly version: 1;
  /** The embedding model whose vectors these are; questions have to be embedded by the same. */
  readonly model: string;
  readonly dimensions: number;
  readonly articles: readonly Article[];
}

/** As the files are, or come over the wire. */
export interface IndexFiles {
  readonly index: Uint8Array;
  /** 32-bit floats, little-endian: one vector for each text of `textsOf`, in its order. */
  readonly vectors: Uint8Array;
  readonly signature: Uint8Array;
}

export interface LoadedIndex {
  readonly index: KnowledgeIndex;
  readonly vectors: Float32Array;
  /** SHA-256 of what is signed: the name of this index in the ledger. */
  readonly digest: string;
}

const schema: z.ZodType<KnowledgeIndex> = z.strictObject({
  version: z.literal(1),
  model: z.string().min(1).max(100),
  dimensions: z.int().min(1).max(8_192),
  articles: z.array(article).max(100_000),
});

const signatureSchema = z.strictObject({ version: z.literal(1), index: z.string().length(64), vectors: z.string().length(64), key: z.string().max(200), signature: z.string().max(2_000) });

/** Canonical: articles by id, keys in one order. */
export function indexText({ articles, dimensions, model }: Omit<KnowledgeIndex, 'version'>): string {
  const sorted = [...articles].sort((one, other) => (one.id < other.id ? -1 : 1)).map((each) => ordered(each));
  return `${JSON.stringify({ version: 1, model, dimensions, articles: sorted }, undefined, 1)}\n`;
}

function ordered({ audience, body, expires, id, language, owner, passages, questions, review, sources, title, unanswered }: Article): Article {
  return {
    id, title, language, audience, owner: { name: owner.name, mail: owner.mail }, expires, sources, questions, unanswered, body,
    ...(review && { review: { hash: review.hash, reviewer: review.reviewer, author: review.author, reviewed: review.reviewed } }),
    passages: passages.map(({ hash, heading, text }) => ({ heading, text, hash })),
  };
}

export function vectorBytes(vectors: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vectors.length * 4);
  const view = new DataView(bytes.buffer);
  vectors.forEach((value, at) => view.setFloat32(at * 4, value, true));
  return bytes;
}

/** What is signed: the two files by their digests. */
export function manifestOf(index: Uint8Array, vectors: Uint8Array): string {
  return manifestFor(digestsOf({ index, vectors }));
}

/** `signature` is RS256 over the manifest, base64url. */
export function signatureText(index: Uint8Array, vectors: Uint8Array, key: string, signature: string): string {
  return `${JSON.stringify({ version: 1, index: sha256(index), vectors: sha256(vectors), key, signature }, undefined, 1)}\n`;
}

/**
 * Reads an index and believes nothing that the key did not sign. `keyOf` resolves to the public key by the name that
 * the signature has for it, undefined for one that is not trusted.
 * Fails with `KNOWLEDGE_UNTRUSTED`: unsigned, changed, of another form, or with numbers that are none.
 */
export async function loadIndex(files: IndexFiles, keyOf: (name: string) => Promise<JsonWebKey | undefined>): Promise<LoadedIndex> {
  const signed = parsed(signatureSchema, files.signature, 'the signature');
  const digests = digestsOf(files);
  if (signed.index !== digests.index || signed.vectors !== digests.vectors) throw untrusted('the index is not the one that was signed');
  const jwk = await keyOf(signed.key);
  const manifest = manifestFor(digests);
  if (jwk === undefined || !isSignedBy(jwk, manifest, signed.signature)) throw untrusted('the index is not signed by the key of this deployment');
  return readFiles(files, manifest);
}

/** Reads an index whose digest the caller compares with one that it trusts. Fails with `KNOWLEDGE_UNTRUSTED`. */
export function readIndex(files: Pick<IndexFiles, 'index' | 'vectors'>): LoadedIndex {
  return readFiles(files, manifestOf(files.index, files.vectors));
}

function readFiles(files: Pick<IndexFiles, 'index' | 'vectors'>, manifest: string): LoadedIndex {
  const index = parsed(schema, files.index, 'the index');
  const passages = index.articles.flatMap(({ id, passages }) => passages.map((passage) => ({ id, passage })));
  const wrong = passages.find(({ id, passage }) => passageHash(id, passage) !== passage.hash);
  if (wrong !== undefined) throw untrusted(`a passage of ${wrong.id} is not what its hash says`);
  if (files.vectors.byteLength !== textsOf(index.articles).length * index.dimensions * 4) throw untrusted('the vectors are not those of the articles');
  const vectors = floatsOf(files.vectors);
  if (!areFinite(vectors)) throw untrusted('a vector has something in it that is no number');
  return { index, vectors, digest: sha256(manifest) };
}

/** What stands for a passage in vector search: also what it is about, which the text alone need not say. */
export function embeddedText({ title }: Pick<Article, 'title'>, { heading, text }: Pick<Passage, 'heading' | 'text'>): string {
  return [title, heading, text].filter((part) => part !== '').join('\n');
}

/** Every text that has a vector, in the order in which the vectors stand: all passages, then the questions of each article. */
export function textsOf(articles: readonly Article[]): readonly string[] {
  return [...articles.flatMap((each) => each.passages.map((passage) => embeddedText(each, passage))), ...articles.flatMap(({ questions, unanswered }) => [...questions, ...unanswered])];
}

function isSignedBy(jwk: JsonWebKey, manifest: string, signature: string): boolean {
  try {
    return verify('RSA-SHA256', Buffer.from(manifest), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

interface Digests {
  readonly index: string;
  readonly vectors: string;
}

/** Made once while an index is loaded: hashing half a gigabyte of vectors takes longer than comparing them with a question. */
function digestsOf({ index, vectors }: Pick<IndexFiles, 'index' | 'vectors'>): Digests {
  return { index: sha256(index), vectors: sha256(vectors) };
}

function manifestFor({ index, vectors }: Digests): string {
  return JSON.stringify(['steward knowledge 1', index, vectors]);
}

/** The same bytes, read as floats where this machine's floats are those of the file; else a copy. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const count = bytes.byteLength / 4;
  if (endianness() === 'LE' && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const floats = new Float32Array(count);
  for (let at = 0; at < count; at += 1) floats[at] = view.getFloat32(at * 4, true);
  return floats;
}

function areFinite(values: Float32Array): boolean {
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

function parsed<T>(shape: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  try {
    return shape.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    throw new StewardError('KNOWLEDGE_UNTRUSTED', `${what} can’t be read`, { cause: error });
  }
}

const untrusted = (problem: string): StewardError => new StewardError('KNOWLEDGE_UNTRUSTED', problem);
