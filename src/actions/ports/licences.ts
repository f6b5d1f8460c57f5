import type { InternalId } from '../internal-id.ts';
import type { CallOptions, OperationReceipt } from './call.ts';

/** Licences of the tenant (Microsoft's word is SKU). */

export interface Licence {
  readonly id: InternalId;
  /** Product name where it is known, else Microsoft's part number. */
  readonly name: string;
  readonly total: number;
  readonly used: number;
  /** Enabled, in warning and suspended seats are told apart by Microsoft; only enabled ones can be given. */
  readonly available: number;
}

export interface LicenceDirectory {
  list(options: CallOptions): Promise<readonly Licence[]>;
  /** Fails with `LICENCE_NONE_LEFT`, `LICENCE_NO_LOCATION` (the account has no usage location), or as any effect. */
  assign(person: InternalId, licence: InternalId, options: CallOptions): Promise<OperationReceipt>;
  /** Fails with `LICENCE_INHERITED` where it comes from a group, `ALREADY_SO` where the person does not have it, or as any effect. */
  remove(person: InternalId, licence: InternalId, options: CallOptions): Promise<OperationReceipt>;
}
