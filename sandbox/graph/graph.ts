/** Microsoft Graph v1.0 over the sandbox's company: what the catalogue, the gate and `doctor` ask of it. */

import type { Service } from '../http.ts';
import { appEndpoints } from './apps.ts';
import { authenticationEndpoints } from './authentication.ts';
import { deviceEndpoints, resetDeviceActions } from './devices.ts';
import { toHandler } from './endpoint.ts';
import type { Endpoint, GraphOptions } from './endpoint.ts';
import { createTrace, errorBody } from './errors.ts';
import { groupEndpoints } from './groups.ts';
import { licenceEndpoints } from './licences.ts';
import { mailEndpoints } from './mail.ts';
import { serviceHealthEndpoints } from './service-health.ts';
import { signInEndpoints } from './sign-ins.ts';
import { userEndpoints } from './users.ts';

export type { GraphOptions } from './endpoint.ts';

/** Every operation that is served, with the app roles that open it. */
export const graphEndpoints: readonly Endpoint[] = [
  ...userEndpoints, ...groupEndpoints, ...licenceEndpoints, ...authenticationEndpoints, ...signInEndpoints, ...appEndpoints, ...mailEndpoints,
  ...serviceHealthEndpoints, ...deviceEndpoints,
];

/** The emulated service. Only app-only tokens exist here: no `/me`, no delegated permissions. */
export function createGraphService(options: GraphOptions): Service {
  const { now = () => new Date() } = options;
  const startedMs = now().getTime();
  return {
    name: 'graph',
    audience: 'https://graph.microsoft.com',
    handlers: graphEndpoints.map((endpoint) => toHandler(endpoint, options, startedMs)),
    error: (_status, code, message) => errorBody(code, message, createTrace({}, now())),
    reset: () => resetDeviceActions(options.company),
  };
}
