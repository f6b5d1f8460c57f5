/** A certificate authority and one leaf for all emulated hosts, made anew at each start. */
import { generate } from 'selfsigned';

export interface Certificates {
  /** What clients must trust. */
  readonly caPem: string;
  readonly key: string;
  /** The leaf followed by its issuer. */
  readonly cert: string;
}

const hostNames: readonly string[] = [
  'localhost',
  '*.vault.azure.net',
  'graph.microsoft.com',
  '*.openai.azure.com',
  '*.blob.core.windows.net',
  '*.table.core.windows.net',
  'management.azure.com',
  '*.westeurope.logic.azure.com',
  '*.northeurope.logic.azure.com',
  '*.service-now.com',
];

/**
 * Production host names are in the leaf, so that production clients verify names as they do in Azure. Whoever trusts two of
 * these needs two names of authority: a client looks for the issuer by its name.
 */
export async function createCertificates(names = hostNames, authority = 'Steward sandbox CA'): Promise<Certificates> {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const ca = await generate([{ name: 'commonName', value: authority }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...names.map((value) => ({ type: 2 as const, value })), { type: 7, ip: '127.0.0.1' }],
      },
    ],
  });
  // selfsigned 5.5 ends its PEM without a newline.
  return { caPem: `${ca.cert}\n`, key: `${leaf.private}\n`, cert: `${leaf.cert}\n${ca.cert}\n` };
}
