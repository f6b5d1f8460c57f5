/** A result of any action, made from its schema: every text hostile, every thing one whose label is, every optional field once there and once not. */
import type { z } from 'zod/v4';
import { z as zod } from 'zod/v4';
import { audienceOf } from '../../../src/actions/action.ts';
import type { HandleKind } from '../../../src/actions/handles.ts';
import type { InternalId } from '../../../src/actions/internal-id.ts';

export interface SampleOptions {
  /** What stands wherever text may stand. */
  readonly text: string;
  readonly id: InternalId;
  readonly date: Date;
  /** How many rows a list has; they take turns in having their optional fields. */
  readonly rows: number;
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
}

/** `index` counts rows: odd ones go without what is optional. */
export function sampleOf(schema: z.core.$ZodType, options: SampleOptions, index = 0): unknown {
  if (audienceOf(schema) === 'thing') return { kind: zod.globalRegistry.get(schema)?.['handle'] as HandleKind, id: options.id, label: options.text };
  const { element, entries, innerType, options: alternatives, shape, type, values } = schema._zod.def as unknown as Definition;
  switch (type) {
    case 'object':
      return Object.fromEntries(Object.entries(shape ?? {}).map(([name, field]) => [name, sampleOf(field, options, index)]));
    case 'array':
      return Array.from({ length: options.rows }, (_, row) => sampleOf(needed(element), options, row));
    case 'optional':
    case 'nullable':
      return index % 2 === 1 ? undefined : sampleOf(needed(innerType), options, index);
    case 'union':
      return sampleOf(needed(alternatives?.[index % alternatives.length]), options, index);
    case 'enum': {
      const all = Object.values(entries ?? {});
      return all[index % all.length];
    }
    case 'literal':
      return values?.[0];
    case 'string':
      return options.text;
    case 'number':
    case 'int':
      return index + 2;
    case 'boolean':
      return index % 2 === 0;
    case 'date':
      return options.date;
    default:
      throw new Error(`a result field of the type ${type} has no sample`);
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a schema without its inner one');
  return value;
}
