/** Steward's own search, loaded as a deployment does: from signed files. */
import type { JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INDEX_FILE, loadIndex, SIGNATURE_FILE, VECTORS_FILE } from '../../src/knowledge/index-file.ts';
import { Search, type Ranking } from '../../src/knowledge/search.ts';
import { contend, type ContenderQuestion } from '../lib/contender.ts';
import { DEPTH, KEY_FILE } from '../lib/corpus.ts';

let search: Search | undefined;

const by = (ranking: Ranking) => async (question: ContenderQuestion) => {
  const found = search!.find(question, () => true, DEPTH, ranking);
  return () => found.map(({ passage }) => passage.hash);
};

await contend({
  load: async (folder) => {
    const read = (name: string): Buffer => readFileSync(join(folder, name));
    const key = JSON.parse(read(KEY_FILE).toString('utf8')) as JsonWebKey;
    search = new Search(await loadIndex({ index: read(INDEX_FILE), vectors: read(VECTORS_FILE), signature: read(SIGNATURE_FILE) }, async () => key));
  },
  ways: { vectors: by('vectors'), words: by('words'), both: by('both') },
});
