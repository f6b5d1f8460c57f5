import { createHash } from 'node:crypto';
import { z } from 'zod/v4';
import { StewardError } from '../errors.ts';
import { policyClassOf, type Action } from './action.ts';
import { listDevices } from './devices/list-devices.ts';
import { blockSignIn } from './people/block-sign-in.ts';
import { findPerson } from './people/find-person.ts';
import { revokeSessions } from './people/revoke-sessions.ts';
import { showPerson } from './people/show-person.ts';
import { unblockSignIn } from './people/unblock-sign-in.ts';

/** The whitelist. One import and one line an action; nothing is discovered. What is not here cannot happen. */
const actions: readonly Action[] = [findPerson, showPerson, listDevices, blockSignIn, unblockSignIn, revokeSessions];

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

function parameterSchema(action: Action): Readonly<Record<string, unknown>> {
  const schema: Record<string, unknown> = { ...z.toJSONSchema(action.parameters, { io: 'input' }) };
  delete schema['$schema'];
  // Our own annotations steer the parser; the model needs pattern and description only.
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === 'handle' || key === 'acceptsTextHandle' ? undefined : value))) as Record<string, unknown>;
}

function describe(action: Action): unknown {
  const { name, version, description, effect, target, operation, limit, reversibleBy, secondPersonMinutes } = action;
  return { name, version, description, class: policyClassOf(action), effect, target, operation, limit, reversibleBy, secondPersonMinutes, parameters: parameterSchema(action) };
}

export const catalogue = new Catalogue(actions);
