/** Handles in tool results and messages: the only things that are read from them, so hostile names never matter. */

const HANDLE = /^\{?([a-z]+)_([a-z2-7]{6,})\}?$/u;

/** The kind of a handle such as `person_k7m2qz`, or undefined for anything else. */
export function kindOf(value: string): string | undefined {
  return HANDLE.exec(value)?.[1];
}

export interface FoundHandle {
  readonly handle: string;
  readonly kind: string;
  /** The field that held it, such as `manager`. */
  readonly field: string;
  /** Short closed-set facts beside it, lower case: "the one in finance". */
  readonly facts: readonly string[];
}

/** Every handle that is a whole value somewhere in a tool result, in order, each once. */
export function handlesIn(result: unknown): readonly FoundHandle[] {
  const found = new Map<string, FoundHandle>();
  const visit = (value: unknown, field: string, facts: readonly string[], depth: number): void => {
    if (depth > 8 || found.size > 200) return;
    if (typeof value === 'string') {
      const kind = kindOf(value);
      const handle = value.replace(/[{}]/gu, '');
      if (kind !== undefined && !found.has(handle)) found.set(handle, { handle, kind, field, facts });
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, field, facts, depth + 1);
    } else if (typeof value === 'object' && value !== null) {
      const beside = Object.values(value).filter((item): item is string => typeof item === 'string' && item.length <= 40 && kindOf(item) === undefined);
      for (const [key, item] of Object.entries(value)) visit(item, key, beside.map((fact) => fact.toLowerCase()), depth + 1);
    }
  };
  visit(result, '', [], 0);
  return [...found.values()];
}

/** A tool message's content; what is no JSON is treated as text without handles in it. */
export function parseResult(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return content;
  }
}

/** Whether a tool result says that the call failed or was refused. */
export function isFailure(result: unknown): boolean {
  if (typeof result === 'string') return /^(?:error|refused|failed|denied)\b/iu.test(result);
  if (typeof result !== 'object' || result === null) return false;
  return 'error' in result || 'refused' in result || ('ok' in result && result.ok === false);
}
