import type { TokenCredential } from '@azure/core-auth';
import { bearerTokenAuthenticationPolicy, type HttpClient } from '@azure/core-rest-pipeline';
import type { Robot } from '../actions/ports.ts';
import type { Clock } from '../clock.ts';
import { errorCode } from '../errors.ts';
import { apiVersions } from './api-versions.ts';
import { ArmAppServices } from './app-services.ts';
import { scopeOf, type Endpoints } from './clouds.ts';
import { revocable } from './credential.ts';
import { GraphDeviceDirectory } from './device-directory.ts';
import { GraphClient } from './graph.ts';
import { GraphGroupDirectory } from './group-directory.ts';
import { IdentityMap } from './identity-map.ts';
import { GraphLicenceDirectory } from './licence-directory.ts';
import { GraphMailbox } from './mailbox.ts';
import { GraphPeopleDirectory } from './people-directory.ts';
import { RecentWrites } from './quirks.ts';
import { GraphServiceHealth } from './service-health.ts';
import { ServiceNowClient } from './service-now.ts';
import { SystemClient } from './system.ts';
import type { SystemSettings } from './systems.ts';
import { ServiceNowTicketSystem } from './ticket-system.ts';
import { Vault, type KnownSecret } from './vault.ts';
import { LogicWorkflows } from './workflows.ts';

export interface RobotOptions {
  readonly endpoints: Endpoints;
  readonly systems: SystemSettings;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  readonly clock: Clock;
}

/** Whether the robot may still act: `revoked` when Azure gives its identity no token, `unknown` when nobody answers. */
export type RobotStanding = 'ok' | 'revoked' | 'unknown';

export interface CreatedRobot {
  readonly hands: Robot;
  secrets(): readonly KnownSecret[];
  /** Asks for a token, which is mostly at hand. One that was given before the robot was revoked says `ok` until a restart. */
  standing(): Promise<RobotStanding>;
}

/** The robot's hands, each with a circuit breaker of its own system, and the secrets that they read. */
export function createRobot({ clock, credential: given, endpoints, httpClient, systems }: RobotOptions): CreatedRobot {
  const credential = revocable(given);
  const graph = new GraphClient({ endpoint: endpoints.graph, credential, httpClient, clock, breaker: true });
  const azure = { authorize: bearerTokenAuthenticationPolicy({ credential, scopes: scopeOf('arm') }), httpClient, clock, breaker: true };
  // The correlation id is what the subscription's activity log names the restart by.
  const arm = new SystemClient({ name: 'Azure Resource Manager', base: endpoints.arm, requestIdHeader: 'x-ms-correlation-request-id', query: { 'api-version': apiVersions.arm }, ...azure });
  // A run is found by its id in the workflow's run history.
  const logic = Object.fromEntries(Object.entries(endpoints.logic).map(([place, base]) => [place, new SystemClient({ name: 'Logic Apps', base, requestIdHeader: 'x-ms-workflow-run-id', ...azure })]));
  const devices = new GraphDeviceDirectory(graph, clock);
  const recent = new RecentWrites(() => clock.monotonicMs());
  const vault = new Vault({ endpoint: endpoints.vault, credential, httpClient, clock });
  // Where it is not connected, no action that needs it is in the catalogue, and the egress list allows no such host.
  const { servicenow: { secret, user } = { secret: '', user: '' } } = systems;
  const serviceNow = new ServiceNowClient({ endpoint: endpoints.servicenow ?? '', user, secret, vault, httpClient, clock, breaker: true });
  const identities = new IdentityMap(graph, serviceNow, clock);
  return {
    hands: {
      people: new GraphPeopleDirectory(graph, clock, recent),
      devices,
      groups: new GraphGroupDirectory(graph, systems.managedGroups),
      licences: new GraphLicenceDirectory(graph, recent),
      mail: new GraphMailbox(graph, systems.mailbox),
      health: new GraphServiceHealth(graph),
      tickets: new ServiceNowTicketSystem(serviceNow, identities, graph, devices),
      appServices: new ArmAppServices(arm, systems),
      workflows: new LogicWorkflows(logic, systems.workflows),
    },
    secrets: () => vault.known(),
    standing: () =>
      credential.getToken(scopeOf('graph')).then(
        () => 'ok',
        (error: unknown) => (errorCode(error) === 'ROBOT_REVOKED' ? 'revoked' : 'unknown'),
      ),
  };
}
