import { z } from 'zod/v4';
import { InternalId } from '../actions/internal-id.ts';
import { productName } from '../actions/licences/product-names.ts';
import type { CallOptions, Licence, LicenceDirectory, OperationReceipt } from '../actions/ports.ts';
import { StewardError, type StewardErrorCode } from '../errors.ts';
import { idSegment, shaped, type GraphClient } from './graph.ts';
import { refusedIfThere, type RecentWrites } from './quirks.ts';
import { SystemRefusal } from './refusal.ts';

/** No tenant has more kinds of licences than this. */
const MOST_LICENCES = 500;

const sku = z.object({
  skuId: z.guid(),
  skuPartNumber: z.string(),
  appliesTo: z.string().nullish(),
  capabilityStatus: z.string().nullish(),
  consumedUnits: z.int(),
  prepaidUnits: z.object({ enabled: z.int() }),
});
const SELECT = Object.keys(sku.shape).join(',');

const states = z.object({ licenseAssignmentStates: z.array(z.object({ skuId: z.string().nullish(), state: z.string().nullish() })).nullish() });
const assigned = z.object({ id: z.string() });

/** States in which somebody has the licence: https://learn.microsoft.com/graph/api/resources/licenseassignmentstate */
const HELD: ReadonlySet<string> = new Set(['Active', 'ActiveWithError']);

/**
 * What Graph says with `Request_BadRequest` (400), and nowhere in its reference: each sentence as administrators have
 * reported it, such as https://learn.microsoft.com/answers and https://support.okta.com (“invalid usage location”, “inherited
 * from a group membership”). One that is not among them is a refusal without a reason.
 */
const reasons: readonly (readonly [RegExp, StewardErrorCode])[] = [
  [/does not have any available licenses/i, 'LICENCE_NONE_LEFT'],
  [/invalid usage location/i, 'LICENCE_NO_LOCATION'],
  [/inherited from a group/i, 'LICENCE_INHERITED'],
  [/does not have a corresponding license/i, 'ALREADY_SO'],
];

/** Licences in Entra, read, given and taken back by the robot through Graph. */
export class GraphLicenceDirectory implements LicenceDirectory {
  readonly #graph: GraphClient;
  readonly #recent: RecentWrites;

  /** `recent` holds the people whose accounts or licences were changed here a moment ago. */
  constructor(graph: GraphClient, recent: RecentWrites) {
    this.#graph = graph;
    this.#recent = recent;
  }

  async list({ signal }: CallOptions): Promise<readonly Licence[]> {
    // It takes `$select` alone: https://learn.microsoft.com/graph/api/subscribedsku-list
    const { items } = await this.#graph.list('/subscribedSkus', sku, MOST_LICENCES, { query: { $select: SELECT }, signal });
    // Products for the company as a whole can't be given to a person.
    return items.filter(({ appliesTo }) => appliesTo !== 'Company').map(toLicence).sort((a, b) => a.name.localeCompare(b.name));
  }

  async assign(person: InternalId, licence: InternalId, options: CallOptions): Promise<OperationReceipt> {
    // Graph answers 200 to a licence that the person has already. Taking that back afterwards would take what they had.
    // What was changed here a moment ago is not asked: the answer may be older than the change.
    if (!this.#recent.isSettling(keyOf(person, licence)) && (await this.#has(person, licence, options))) throw new StewardError('ALREADY_SO', 'the person has the licence');
    return this.#change(person, licence, { addLicenses: [{ skuId: idSegment(licence), disabledPlans: [] }], removeLicenses: [] }, options);
  }

  async remove(person: InternalId, licence: InternalId, options: CallOptions): Promise<OperationReceipt> {
    return this.#change(person, licence, { addLicenses: [], removeLicenses: [idSegment(licence)] }, options);
  }

  async #has(person: InternalId, licence: InternalId, { signal }: CallOptions): Promise<boolean> {
    const found = shaped(states, await this.#graph.request('GET', `/users/${idSegment(person)}`, { query: { $select: 'id,licenseAssignmentStates' }, signal }));
    const wanted = idSegment(licence).toLowerCase();
    return (found.licenseAssignmentStates ?? []).some(({ skuId, state }) => skuId?.toLowerCase() === wanted && HELD.has(state ?? ''));
  }

  /** Both lists are required, also when one is empty. */
  async #change(person: InternalId, licence: InternalId, body: unknown, { beforeRetry, signal }: CallOptions): Promise<OperationReceipt> {
    const path = `/users/${idSegment(person)}`;
    try {
      const send = async (): Promise<OperationReceipt> => {
        const answer = await this.#graph.request('POST', `${path}/assignLicense`, { body, signal, beforeRetry });
        shaped(assigned, answer, 'SYSTEM_OUTCOME_UNKNOWN');
        return { requestIds: [answer.requestId] };
      };
      return await this.#recent.around(person.digest(), () => this.#recent.around(keyOf(person, licence), send));
    } catch (error) {
      const reason = error instanceof SystemRefusal ? reasons.find(([pattern]) => error.says(pattern))?.[1] : undefined;
      if (reason !== undefined) throw new StewardError(reason, 'a licence can’t be changed so', { cause: error });
      return refusedIfThere(error, () => this.#graph.request('GET', path, { query: { $select: 'id' }, signal }));
    }
  }
}

function keyOf(person: InternalId, licence: InternalId): string {
  return `${person.digest()} ${licence.digest()}`;
}

function toLicence({ capabilityStatus, consumedUnits, prepaidUnits, skuId, skuPartNumber }: z.infer<typeof sku>): Licence {
  // Units in warning or suspended are of a subscription that has ended: https://learn.microsoft.com/graph/api/resources/licenseunitsdetail
  const enabled = capabilityStatus === 'Enabled' ? prepaidUnits.enabled : 0;
  return { id: new InternalId(skuId), name: productName(skuPartNumber), total: prepaidUnits.enabled, used: consumedUnits, available: Math.max(0, enabled - consumedUnits) };
}
