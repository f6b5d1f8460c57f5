import { createHash } from 'node:crypto';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import { policyClassOf, type Action, type Requirement } from './action.ts';
import { grantGuestWifi } from './azure/grant-guest-wifi.ts';
import { listAppServices } from './azure/list-app-services.ts';
import { offboardPerson } from './azure/offboard-person.ts';
import { restartAppService } from './azure/restart-app-service.ts';
import { findDevice } from './devices/find-device.ts';
import { listDevices } from './devices/list-devices.ts';
import { lockDevice } from './devices/lock-device.ts';
import { showDevice } from './devices/show-device.ts';
import { syncDevice } from './devices/sync-device.ts';
import { wipeDevice } from './devices/wipe-device.ts';
import { addToGroup } from './groups/add-to-group.ts';
import { findGroup } from './groups/find-group.ts';
import { removeFromGroup } from './groups/remove-from-group.ts';
import { showServiceHealth } from './health/show-service-health.ts';
import { assignLicence } from './licences/assign-licence.ts';
import { listLicences } from './licences/list-licences.ts';
import { removeLicence } from './licences/remove-licence.ts';
import { sendMail } from './mail/send-mail.ts';
import { blockSignIn } from './people/block-sign-in.ts';
import { findPerson } from './people/find-person.ts';
import { listApps } from './people/list-apps.ts';
import { listGroups } from './people/list-groups.ts';
import { listMfaMethods } from './people/list-mfa-methods.ts';
import { listSignIns } from './people/list-sign-ins.ts';
import { revokeSessions } from './people/revoke-sessions.ts';
import { showPerson } from './people/show-person.ts';
import { unblockSignIn } from './people/unblock-sign-in.ts';
import { reportGroupMembers } from './reports/report-group-members.ts';
import { reportLicenceUse } from './reports/report-licence-use.ts';
import { reportOpenTickets } from './reports/report-open-tickets.ts';
import { reportStaleDevices } from './reports/report-stale-devices.ts';
import { assignTicket } from './tickets/assign-ticket.ts';
import { closeTicket } from './tickets/close-ticket.ts';
import { commentOnOwnTicket } from './tickets/comment-on-own-ticket.ts';
import { commentOnTicket } from './tickets/comment-on-ticket.ts';
import { createTicket } from './tickets/create-ticket.ts';
import { findTicket } from './tickets/find-ticket.ts';
import { listOwnTickets } from './tickets/list-own-tickets.ts';
import { showTicket } from './tickets/show-ticket.ts';

/** The whitelist. One import and one line an action; nothing is discovered. What is not here cannot happen. */
const actions: readonly Action[] = [
  findPerson, showPerson, listMfaMethods, listSignIns, listGroups, listApps, listDevices, blockSignIn, unblockSignIn, revokeSessions,
  listLicences, assignLicence, removeLicence,
  findGroup, addToGroup, removeFromGroup,
  findDevice, showDevice, syncDevice, lockDevice, wipeDevice,
  listAppServices, restartAppService, grantGuestWifi, offboardPerson,
  sendMail,
  findTicket, showTicket, listOwnTickets, createTicket, commentOnTicket, commentOnOwnTicket, assignTicket, closeTicket,
  reportStaleDevices, reportLicenceUse, reportGroupMembers, reportOpenTickets,
  showServiceHealth,
];

export class Catalogue {
  readonly #byName: ReadonlyMap<string, Action>;
  /** SHA-256 over everything a reviewer approved: names, versions, descriptions, effects, operations, parameters. */
  readonly digest: string;

  constructor(entries: readonly Action[]) {
    // A Map: names come from outside, and an object would answer to `constructor`.
    this.#byName = new Map(entries.map((action) => [action.name, action]));
    if (this.#byName.size !== entries.length) throw new StewardError('CATALOGUE_INVALID', 'two actions share a name');
    for (const { name, reversibleBy } of entries) {
      if (reversibleBy !== undefined && !this.#byName.has(reversibleBy)) throw new StewardError('CATALOGUE_INVALID', `action \`${name}\` is reversible by one that is not in the catalogue`);
    }
    this.digest = createHash('sha256').update(JSON.stringify(entries.map(describe))).digest('hex');
  }

  find(name: string): Action | undefined {
    return this.#byName.get(name);
  }

  all(): readonly Action[] {
    return [...this.#byName.values()];
  }
}

/** What the model is told about an action: an OpenAI function tool. */
export interface ToolDescription {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description: string; readonly parameters: Readonly<Record<string, unknown>> };
}

/** The model's tool list, from the catalogue alone. */
export function toolsOf(entries: readonly Action[]): readonly ToolDescription[] {
  return entries.map((action) => ({
    type: 'function',
    function: { name: action.name, description: action.description, parameters: parameterSchema(action) },
  }));
}

const OWN_ANNOTATIONS: ReadonlySet<string> = new Set(['handle', 'acceptsTextHandle', 'states', 'withinDays']);

function parameterSchema(action: Action): Readonly<Record<string, unknown>> {
  const schema: Record<string, unknown> = { ...z.toJSONSchema(action.parameters, { io: 'input' }) };
  delete schema['$schema'];
  // Our own annotations steer the parser; the model needs pattern and description only.
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (OWN_ANNOTATIONS.has(key) ? undefined : value))) as Record<string, unknown>;
}

function describe(action: Action): unknown {
  const { name, version, description, effect, target, operation, reads, limit, reversibleBy, secondPersonMinutes } = action;
  return { name, version, description, class: policyClassOf(action), effect, target, operation, reads, limit, reversibleBy, secondPersonMinutes, parameters: parameterSchema(action) };
}

/** Everything there is, whatever a deployment has of it. */
export const catalogue = new Catalogue(actions);

/** What a customer decided about the catalogue. */
export interface Selection {
  /** What is set up here. */
  readonly met: ReadonlySet<Requirement>;
  /** Names of actions that ship disabled. */
  readonly enable: readonly string[];
  /** Names of actions that this customer does without. */
  readonly disable: readonly string[];
}

/**
 * The catalogue of one deployment: a part of the reviewed one, never more. Fails with `CONFIGURATION_INVALID` on a name that
 * is not in it, or that is enabled without what it needs.
 */
export function catalogueOf({ disable, enable, met }: Selection, all: Catalogue = catalogue): Catalogue {
  const problems = [...enable, ...disable].filter((name) => all.find(name) === undefined).map((name) => `\`${name.slice(0, 64)}\` is not an action`);
  for (const name of enable) {
    const needs = all.find(name)?.needs;
    if (needs !== undefined && !met.has(needs)) problems.push(`\`${name}\` needs what is not set up: ${needs}`);
  }
  if (problems.length > 0) throw new StewardError('CONFIGURATION_INVALID', problems.join('; '));
  const chosen = all.all().filter(({ name, needs, ships }) => !disable.includes(name) && (needs === undefined || met.has(needs)) && (ships !== 'disabled' || enable.includes(name)));
  const names = new Set(chosen.map(({ name }) => name));
  // What takes it back may be left out on its own; then nothing offers it.
  return new Catalogue(chosen.map(({ reversibleBy, ...action }) => ({ ...action, ...(reversibleBy !== undefined && names.has(reversibleBy) && { reversibleBy }) })));
}
