/**
 * Runs alone in a process, since the Azure identity SDK keeps the first endpoint of a process for good.
 * Everything here is what production code does: environment, real clients, no sandbox switch.
 */
import { TableClient } from '@azure/data-tables';
import { ManagedIdentityCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { startCloud } from '../../../sandbox/cloud.ts';

const cloud = await startCloud({ seed: 11, company: () => ({ people: [], reset: () => undefined }) });
const { endpoints, identities, agent } = cloud;
process.env['IDENTITY_ENDPOINT'] = endpoints.identity;
process.env['IDENTITY_HEADER'] = endpoints.identityHeader;
const credential = (clientId: string) => new ManagedIdentityCredential({ clientId, retryOptions: { maxRetries: 0 } });
const keeper = credential(identities.keeper);

const secret = await new SecretClient(endpoints.vault, keeper, { agent }).getSecret('ledger-digest-key');
const table = new TableClient(endpoints.tables, 'latch', keeper, { agent });
await table.createTable();
await table.createEntity({ partitionKey: 'p', rowKey: 'r', level: 'full' });
const entity = await table.getEntity('p', 'r');
const container = new BlobServiceClient(endpoints.blobs, keeper, { agent } as object).getContainerClient('ledger');
await container.create();
const blob = container.getAppendBlobClient('2026-11');
await blob.create();
await blob.appendBlock('one\n', 4);

const first = await keeper.getToken('https://graph.microsoft.com/.default');
const again = await credential(identities.keeper).getToken('https://graph.microsoft.com/.default');
const stranger = await credential('00000000-0000-4000-8000-000000000000')
  .getToken('https://graph.microsoft.com/.default')
  .then(() => 'a token', String);

const journal = cloud.journal.entries();
process.stdout.write(
  JSON.stringify({
    secretIsRight: secret.value === cloud.vault.secret('ledger-digest-key'),
    secretIsInJournal: JSON.stringify(journal).includes(secret.value ?? ''),
    level: entity['level'],
    blob: (await blob.downloadToBuffer()).toString(),
    cached: first.token === again.token,
    graphTokensIssued: journal.filter(({ service, audience, status }) => service === 'identity' && audience === 'https://graph.microsoft.com' && status === 200).length,
    stranger,
    identities: [...new Set(journal.filter(({ service }) => service !== 'identity').map(({ identity }) => identity))],
    keeper: identities.keeper,
  }),
);
await cloud.stop();
// No process.exit: that the process ends by itself is part of the test.
