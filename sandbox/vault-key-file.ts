/** The RSA keys of the vault in a file beside storage, so that what was wrapped before a restart can be unwrapped after it. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod/v4';

export interface RsaKey {
  readonly version: string;
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly createdSeconds: number;
  expires?: number;
}

const stored = z.record(z.string(), z.array(z.object({ version: z.string(), privateKey: z.string(), createdSeconds: z.int() })));

/** By the name of the key, oldest version first; none where there is no file. */
export function readKeys(file: string | undefined): Map<string, RsaKey[]> {
  if (file === undefined || !existsSync(file)) return new Map();
  const keys = stored.parse(JSON.parse(readFileSync(file, 'utf8')));
  return new Map(
    Object.entries(keys).map(([name, versions]) => [
      name,
      versions.map(({ createdSeconds, privateKey: pem, version }) => {
        const privateKey = createPrivateKey(pem);
        return { version, createdSeconds, pair: { privateKey, publicKey: createPublicKey(privateKey) } };
      }),
    ]),
  );
}

export function writeKeys(file: string | undefined, keys: ReadonlyMap<string, readonly RsaKey[]>): void {
  if (file === undefined) return;
  const plain = [...keys].map(([name, versions]) => [name, versions.map(({ createdSeconds, pair, version }) => ({ version, createdSeconds, privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) }))]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(plain)), { mode: 0o600 });
}
