import { z } from 'zod/v4';
import { personOnly } from '../action.ts';

/** More rows than this nobody reads; a report that has more says that it is not complete. */
export const MOST_ROWS = 2_000;

/** The rows of a report: for the person alone. The model gets counts. */
export function reportRows<T extends z.ZodRawShape>(row: T) {
  return personOnly(z.array(z.object(row)).max(MOST_ROWS));
}

/** How many rows have each value that occurs, in the order of `values`. */
export function countBy<V extends string>(values: readonly V[], of: readonly V[]): { readonly value: V; readonly count: number }[] {
  return values.map((value) => ({ value, count: of.filter((each) => each === value).length })).filter(({ count }) => count > 0);
}
