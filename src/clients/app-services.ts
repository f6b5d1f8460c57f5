import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import type { AppService, AppServices, CallOptions, OperationReceipt } from '../actions/ports.ts';
import { StewardError } from '../errors.ts';
import { shaped, type SystemClient } from './system.ts';
import type { SiteName, SystemSettings } from './systems.ts';

// Published name rules: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
const SUBSCRIPTION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RESOURCE_GROUP = /^[\w.()-]{0,89}[\w()-]$/;
const SITE = /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/i;

/** https://learn.microsoft.com/rest/api/appservice/web-apps/get; `state` is a word of App Service's own. */
const site = z.object({ name: z.string().min(1), properties: z.object({ state: z.string().nullish() }) });

const states: ReadonlyMap<string, AppService['state']> = new Map([
  ['running', 'running'],
  ['stopped', 'stopped'],
]);

/** The App Services on the customer's list, through Azure Resource Manager. */
export class ArmAppServices implements AppServices {
  readonly #arm: SystemClient;
  readonly #settings: Pick<SystemSettings, 'sites' | 'ownResourceGroup'>;

  constructor(arm: SystemClient, settings: Pick<SystemSettings, 'sites' | 'ownResourceGroup'>) {
    this.#arm = arm;
    this.#settings = settings;
  }

  async list({ signal }: CallOptions): Promise<readonly AppService[]> {
    const all = await Promise.all(this.#settings.sites.filter((each) => !this.#isOwn(each)).map((each) => this.#read(each, signal)));
    return all.filter((each) => each !== undefined);
  }

  async restart(id: InternalId, { signal, beforeRetry }: CallOptions): Promise<OperationReceipt> {
    const wanted = this.#settings.sites.find((each) => new InternalId(pathOf(each)).equals(id));
    if (wanted === undefined) throw new StewardError('SYSTEM_REFUSED', 'an App Service that is not on the list');
    // INVARIANT: Steward does not restart what it runs in, whatever the list says: the restart would cut off its own record of it.
    if (this.#isOwn(wanted)) throw new StewardError('SYSTEM_REFUSED', 'an App Service in the resource group of Steward itself');
    // 200 without a body, and at once: `synchronous` is false by default. https://learn.microsoft.com/rest/api/appservice/web-apps/restart
    const answer = await this.#arm.request('POST', `${pathOf(wanted)}/restart`, { signal, beforeRetry, mayBeEmpty: true });
    return { requestIds: [answer.requestId] };
  }

  /** Undefined for one that no longer exists. */
  async #read(wanted: SiteName, signal: AbortSignal): Promise<AppService | undefined> {
    const path = pathOf(wanted);
    try {
      const found = shaped(site, await this.#arm.request('GET', path, { signal }));
      return { id: new InternalId(path), name: found.name, state: states.get((found.properties.state ?? '').toLowerCase()) ?? 'other' };
    } catch (error) {
      if (error instanceof StewardError && error.code === 'SYSTEM_NOT_FOUND') return undefined;
      throw error;
    }
  }

  #isOwn({ resourceGroup, subscription }: SiteName): boolean {
    const { ownResourceGroup: own } = this.#settings;
    return own !== undefined && sameName(own.subscription, subscription) && sameName(own.resourceGroup, resourceGroup);
  }
}

/** Azure does not tell the letters of a name apart by case. */
function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The resource id. A name that could lead elsewhere is refused before anything is sent. */
function pathOf({ name, resourceGroup, subscription }: SiteName): string {
  if (!SUBSCRIPTION.test(subscription) || !RESOURCE_GROUP.test(resourceGroup) || !SITE.test(name)) throw new StewardError('SYSTEM_REFUSED', 'an App Service whose name cannot be part of a path');
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Web/sites/${name}`;
}
