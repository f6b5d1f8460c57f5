/** Ways in which the ceiling is spoilt, to see that the books notice. */
import { StewardError } from '../../src/errors.ts';
import type { Table } from '../../src/clients/tables.ts';
import type { SpendLeases } from '../../src/clients/spend-lease.ts';
import type { LeaseEntry, LeasingStore, TableSpendStore } from '../../src/clients/spend-store.ts';
import type { Account } from '../../src/guard/ceiling.ts';
import type { SpendStore } from '../../src/guard/ports.ts';
import type { Reasoner } from '../../src/guard/reasoner.ts';
import type { TurnPlan } from './plan.ts';

export const sabotages = [
  'it gives back twice what was not used',
  'it writes counters without comparing their tags',
  'it gives back what was reserved for calls that failed',
  'it reserves for the question and not for the answer',
  'it hands out leases that storage does not count',
  'everybody may spend the held-back tenth',
  'it forgets what a turn has spent',
  'it believes half of what the model reports',
] as const;
export type Sabotage = (typeof sabotages)[number];

interface Parts {
  readonly table: Table;
  readonly reasoner: Reasoner;
  readonly accountOf: (turn: TurnPlan, id: object) => Account;
  readonly store: (table: Table) => TableSpendStore;
  readonly leases: (store: LeasingStore) => SpendLeases;
}

interface Spoilt {
  readonly reasoner: Reasoner;
  readonly accountOf: Parts['accountOf'];
  readonly store: LeasingStore;
  readonly leases: SpendLeases;
}

/** What else a store does, to be put around another `add`. */
export function bound(store: SpendStore): Omit<SpendStore, 'add'> {
  return { read: (month) => store.read(month), raiseDay: (raise) => store.raiseDay(raise), isFirst: (month, matter) => store.isFirst(month, matter) };
}

/** The parts as they are, but for one. */
export function spoil(sabotage: Sabotage | undefined, parts: Parts): Spoilt {
  const { accountOf, reasoner } = parts;
  const table = sabotage === 'it writes counters without comparing their tags' ? withoutTags(parts.table) : parts.table;
  const store = spoiltStore(sabotage, parts.store(table));
  const as: Spoilt = { accountOf, reasoner, store, leases: parts.leases(store) };
  const completing = (complete: Reasoner['complete'], requestBytes: Reasoner['requestBytes'] = (request) => reasoner.requestBytes(request)): Spoilt => ({ ...as, reasoner: { complete, requestBytes } });
  switch (sabotage) {
    case 'it gives back what was reserved for calls that failed':
      return completing((request, signal) => reasoner.complete(request, signal).catch(() => Promise.reject(new StewardError('MODEL_BUSY', 'spoilt'))));
    case 'it reserves for the question and not for the answer':
      return completing((request, signal) => reasoner.complete(request, signal), () => 1);
    case 'it believes half of what the model reports':
      return completing(async (request, signal) => {
        const reply = await reasoner.complete(request, signal);
        return { ...reply, usage: reply.usage && { promptTokens: Math.floor(reply.usage.promptTokens / 2), completionTokens: Math.floor(reply.usage.completionTokens / 2) } };
      });
    case 'everybody may spend the held-back tenth':
      return { ...as, accountOf: (turn, id) => accountOf({ ...turn, incident: true }, id) };
    case 'it forgets what a turn has spent':
      return {
        ...as,
        accountOf: (turn) => {
          const account = accountOf(turn, {});
          // Another turn each time it is looked at.
          return account.purpose === 'turn' ? { ...account, get turn() { return {}; } } : account;
        },
      };
    default:
      return as;
  }
}

function spoiltStore(sabotage: Sabotage | undefined, real: TableSpendStore): LeasingStore {
  const rest = bound(real);
  if (sabotage === 'it gives back twice what was not used') {
    return {
      ...rest,
      add: async (entry: LeaseEntry) => {
        const answer = await real.add(entry);
        return entry.amountMicroUsd < 0 ? real.add(entry).catch(() => answer) : answer;
      },
    };
  }
  if (sabotage === 'it hands out leases that storage does not count') {
    return { ...rest, add: async ({ leaseMicroUsd = 0, ...entry }: LeaseEntry) => ({ ...(await real.add(entry)), leasedMicroUsd: leaseMicroUsd }) };
  }
  return real;
}

function withoutTags(table: Table): Table {
  return new Proxy(table, {
    get: (target, name) => {
      if (name === 'transact') return (...[partition, changes]: Parameters<Table['transact']>) => target.transact(partition, changes.map(({ key, properties }) => ({ kind: 'upsert', key, properties })));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
