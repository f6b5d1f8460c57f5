/** What the tests of the ceiling share: counters in memory, a model that answers as it is told, easy prices. */
import { InternalId } from '../../../src/actions/internal-id.ts';
import { StewardError } from '../../../src/errors.ts';
import { Ceiling, type Account, type CeilingSettings, type ModelStop, type SpendNotice } from '../../../src/guard/ceiling.ts';
import type { MonthSpend, Role, SpendAnswer, SpendEntry, SpendStore } from '../../../src/guard/ports.ts';
import type { Embedder, ModelReply, ModelRequest, Reasoner } from '../../../src/guard/reasoner.ts';
import { handClock } from './support.ts';

/** Counters that keep their caps. */
export class Spend implements SpendStore {
  readonly entries: SpendEntry[] = [];
  month = 0;
  readonly people = new Map<string, number>();
  readonly raised = new Map<string, number>();
  readonly matters = new Set<string>();
  failing: ((entry: SpendEntry) => boolean) | undefined;
  /** Called while an entry is being added. */
  during: ((entry: SpendEntry) => void) | undefined;

  async add(entry: SpendEntry): Promise<SpendAnswer> {
    this.during?.(entry);
    if (this.failing?.(entry) === true) throw new StewardError('STORAGE_UNAVAILABLE', 'the spend counters are down');
    if (!Number.isSafeInteger(entry.amountMicroUsd)) throw new StewardError('PRICE_UNKNOWN', 'no amount');
    const key = `${entry.day}:${entry.person?.digest() ?? 'deployment'}`;
    const person = this.people.get(key) ?? 0;
    const checked = entry.amountMicroUsd > 0 && entry.force !== true;
    if (checked && this.month + entry.amountMicroUsd > entry.monthCapMicroUsd) return { kind: 'month full', monthMicroUsd: this.month };
    const cap = Math.max(entry.personDayCapMicroUsd, this.raised.get(key) ?? 0);
    if (checked && entry.person !== undefined && person + entry.amountMicroUsd > cap) return { kind: 'person full', monthMicroUsd: this.month };
    this.entries.push(entry);
    this.month += entry.amountMicroUsd;
    this.people.set(key, person + entry.amountMicroUsd);
    return { kind: 'added', monthMicroUsd: this.month };
  }

  async read(_month: string): Promise<MonthSpend> {
    return { monthMicroUsd: this.month, days: [] };
  }

  async raiseDay({ day, person, toMicroUsd }: Parameters<SpendStore['raiseDay']>[0]): Promise<void> {
    this.raised.set(`${day}:${person.digest()}`, toMicroUsd);
  }

  async isFirst(month: string, matter: string): Promise<boolean> {
    const key = `${month} ${matter}`;
    const first = !this.matters.has(key);
    this.matters.add(key);
    return first;
  }
}

export const request: ModelRequest = { messages: [], tools: [], maxCompletionTokens: 1_000 };
/** One micro-USD for an input token and two for an output token: easy to add up. */
export const price = { model: 'gpt-test', retires: '2027-06-30', inputMicroUsdPerMillion: 1_000_000, outputMicroUsdPerMillion: 2_000_000 };
export const UPPER_BOUND = 500 + 2 * 1_000;
export const { signal } = new AbortController();

/** A turn of its own each time. */
export function account(name: string, roles: readonly Role[] = ['employee', 'helpdesk']): Account & { readonly purpose: 'turn' } {
  return { purpose: 'turn', person: { id: new InternalId(name), roles }, turn: {} };
}
export const anna = account('anna');

export interface Told {
  readonly notices: SpendNotice[];
  readonly stops: ModelStop[];
}

/** Undefined takes a setting out. */
type Settings = { readonly [name in keyof CeilingSettings]?: CeilingSettings[name] | undefined };

/** `spend` may be given to play several instances on the same counters. */
export function make(usage: ModelReply['usage'] | Error, settings: Settings = {}, { bytes = 500, model = 'gpt-test', spend = new Spend() } = {}) {
  const clock = handClock();
  const seen: number[] = [];
  const told: Told = { notices: [], stops: [] };
  const reasoner: Reasoner = {
    requestBytes: () => bytes,
    complete: async () => {
      seen.push(spend.month);
      if (usage instanceof Error) throw usage;
      return { text: 'x', toolCalls: undefined, finishReason: 'stop', usage, model, requestId: 'r' };
    },
  };
  const embedder: Embedder = {
    requestBytes: () => bytes,
    embed: async (texts) => {
      seen.push(spend.month);
      if (usage instanceof Error) throw usage;
      return { vectors: texts.map(() => [1]), usage, model, requestId: 'r' };
    },
  };
  const ceiling = new Ceiling({
    reasoner,
    embedder,
    store: spend,
    settings: { monthMicroUsd: 10_000, personDayMicroUsd: 5_000, turnMicroUsd: 1_000_000, price, embeddingPrice: { ...price, outputMicroUsdPerMillion: 0 }, dearest: { inputMicroUsdPerMillion: 5_000_000, outputMicroUsdPerMillion: 5_000_000 }, ...settings },
    clock,
    alarms: { onNotice: (notice) => told.notices.push(notice), stopModel: (reason) => told.stops.push(reason) },
  });
  return { ceiling, spend, clock, seen, told };
}
