/** The local stand-ins for building and asking an index from the command line: the sandbox's model, and a key that stays in this checkout. */
import { fileURLToPath } from 'node:url';
import { mkdirSync } from 'node:fs';
import type { KnowledgeServices } from '../src/cli/knowledge-services.ts';
import { createVault } from './key-vault.ts';
import { answerModel } from './knowledge-model.ts';
import { EMBEDDING_MODEL_NAME } from './model/wire.ts';

const CACHE = fileURLToPath(new URL('../node_modules/.cache/steward/', import.meta.url));

export function localServices(): KnowledgeServices {
  mkdirSync(CACHE, { recursive: true });
  const vault = createVault({ seed: 1, permissions: { grantsOf: () => [] } as unknown as Parameters<typeof createVault>[0]['permissions'], onSecret: () => undefined, keyFile: `${CACHE}local-vault-keys.json` });
  return {
    model: EMBEDDING_MODEL_NAME,
    ...answerModel(),
    sign: async (digest) => vault.sign('knowledge-signing-key', digest),
    keyOf: async (name) => vault.publicKey(name),
    note: 'The local sandbox answers: its model quotes and writes no sentence of its own.',
    close: () => undefined,
  };
}
