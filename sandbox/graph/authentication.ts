/** What people sign in with: learn.microsoft.com/graph/api/resources/authenticationmethods-overview */

import type { SandboxResponse } from '../http.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { metadataRoot } from './odata.ts';
import { findUser } from './users.ts';

/** "This method does not support optional query parameters": authentication-list-methods. They are ignored. */
function list(call: Call): SandboxResponse {
  const { id } = findUser(call);
  return {
    status: 200,
    body: {
      '@odata.context': `${metadataRoot}#users('${id}')/authentication/methods`,
      value: call.company.authenticationMethodsOf(id),
    },
  };
}

export const authenticationEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/users/:id/authentication/methods',
    permissions: ['UserAuthenticationMethod.Read.All', 'UserAuthenticationMethod.ReadWrite.All'],
    respond: list,
  },
];
