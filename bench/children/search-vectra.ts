/** vectra, which the samples of Teams AI keep their documents in: one file of JSON, read as a whole. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalIndex } from 'vectra';
import { INDEX_FILE, VECTORS_FILE, type KnowledgeIndex } from '../../src/knowledge/index-file.ts';
import { arrayAt, contend, floatsIn, type ContenderQuestion } from '../lib/contender.ts';
import { DEPTH, DIMENSIONS } from '../lib/corpus.ts';

let index: LocalIndex | undefined;

async function fill(target: LocalIndex, folder: string): Promise<void> {
  const vectors = floatsIn(join(folder, VECTORS_FILE));
  const { articles } = JSON.parse(readFileSync(join(folder, INDEX_FILE), 'utf8')) as KnowledgeIndex;
  let at = 0;
  for (const { passages, title } of articles) {
    for (const { hash, heading, text } of passages) {
      await target.insertItem({ id: hash, metadata: { title, heading, text }, vector: arrayAt(vectors, at) });
      at += DIMENSIONS;
    }
  }
}

await contend({
  build: async (folder) => {
    index = new LocalIndex(join(folder, 'vectra'));
    await index.createIndex();
    await index.beginUpdate();
    await fill(index, folder);
    await index.endUpdate();
  },
  load: async (folder) => {
    index = new LocalIndex(join(folder, 'vectra'));
    await index.getIndexStats();
  },
  ways: {
    vectors: async ({ vector }: ContenderQuestion) => {
      const found = await index!.queryItems(vector as unknown as number[], DEPTH);
      return () => found.map(({ item }) => item.id);
    },
  },
});
