import { AzureCliCredential } from '@azure/identity';
import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { createEgress } from './egress.ts';

/** How the command line reaches Azure: as whoever runs it, and only the hosts that are named. */

/** The Azure CLI is a Python program that starts slowly and may renew a token on the way. */
const AZ_DEADLINE_MS = 60_000;

/** Instead of the Azure CLI's login and the ordinary connection: for tests. */
export interface GivenLogin {
  readonly credential?: TokenCredential;
  readonly httpClient?: HttpClient;
}

export interface Login {
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly close: () => void;
}

/** `allow`: the endpoints that may be asked. Nothing is asked yet. */
export function logIn(tenantId: string, allow: readonly string[], { credential = new AzureCliCredential({ tenantId, processTimeoutInMs: AZ_DEADLINE_MS }), httpClient }: GivenLogin): Login {
  if (httpClient !== undefined) return { credential, httpClient, close: () => undefined };
  const egress = createEgress({ allow: [...new Set(allow)] });
  return { credential, httpClient: egress.httpClient, close: () => egress.close() };
}
