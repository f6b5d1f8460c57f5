/** Orama, filled with the same passages from the same files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, insert, search } from '@orama/orama';
import { INDEX_FILE, VECTORS_FILE, type KnowledgeIndex } from '../../src/knowledge/index-file.ts';
import { arrayAt, contend, floatsIn, type ContenderQuestion } from '../lib/contender.ts';
import { DEPTH, DIMENSIONS } from '../lib/corpus.ts';

const empty = () => create({ schema: { title: 'string', heading: 'string', text: 'string', vector: `vector[${DIMENSIONS}]` } as const, language: 'english' });
let database: ReturnType<typeof empty> | undefined;

const by = (mode: 'vector' | 'hybrid' | 'fulltext') => async ({ text, vector }: ContenderQuestion) => {
  const { hits } = await search(database!, {
    mode,
    term: text,
    properties: ['title', 'heading', 'text'],
    boost: { title: 2, heading: 1.5 },
    vector: { value: vector as unknown as number[], property: 'vector' },
    // By itself it leaves out what is not as near as 0.8, which for this model is almost everything.
    similarity: 0,
    limit: DEPTH,
  });
  return () => hits.map(({ id }) => id);
};

await contend({
  load: async (folder) => {
    database = empty();
    const vectors = floatsIn(join(folder, VECTORS_FILE));
    const { articles } = JSON.parse(readFileSync(join(folder, INDEX_FILE), 'utf8')) as KnowledgeIndex;
    let at = 0;
    for (const { passages, title } of articles) {
      for (const { hash, heading, text } of passages) {
        // Typed arrays it refuses.
        await insert(database, { id: hash, title, heading, text, vector: arrayAt(vectors, at) });
        at += DIMENSIONS;
      }
    }
  },
  ways: { vectors: by('vector'), words: by('fulltext'), both: by('hybrid') },
});
