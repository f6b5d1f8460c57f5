import { z } from 'zod/v4';
import { policyClassOf, type Action, type Effect, type Limit, type Operation, type PolicyClass, type Requirement } from '../actions/action.ts';
import type { Catalogue } from '../actions/catalogue.ts';
import { InternalId } from '../actions/internal-id.ts';
import { apiVersions } from '../clients/api-versions.ts';
import { Gate } from '../guard/gate.ts';
import { Policy } from '../guard/policy.ts';
import { roles, type PersonFacts, type Role } from '../guard/ports.ts';

/** Everything a reviewer asks about the whitelist, from the catalogue and the policy themselves. */

export type Approval = 'run' | 'confirm' | 'second person';

/** Who may ask for an action, and what approval it takes. `own`: only about themselves. */
export interface Asker {
  readonly role: Role;
  readonly approval: Approval;
  readonly own: boolean;
}

export interface OperationFacts {
  readonly system: Operation['system'];
  readonly method: Operation['method'];
  readonly path: string;
  /** As `src/clients/api-versions.ts` pins it; null where the system's API has none. */
  readonly version: string | null;
}

export interface ParameterFacts {
  readonly name: string;
  /** `person handle`, `text`, `whole number`, one of a closed set, … */
  readonly kind: string;
  readonly required: boolean;
  readonly description: string;
}

export interface ActionFacts {
  readonly name: string;
  readonly version: string;
  readonly effect: Effect;
  readonly class: PolicyClass;
  readonly description: string;
  readonly who: readonly Asker[];
  readonly target: string | null;
  readonly operation: OperationFacts;
  readonly reads: readonly OperationFacts[];
  /** All that the robot needs for it. */
  readonly permissions: readonly string[];
  readonly limit: Limit | null;
  readonly reversibleBy: string | null;
  readonly ships: 'enabled' | 'disabled';
  /** What a deployment must have set up. */
  readonly needs: Requirement | null;
  readonly file: boolean;
  readonly parameters: readonly ParameterFacts[];
}

/** The facts of every action, in the order of the catalogue. Fails with `CONFIGURATION_INVALID` when the policy does not fit it. */
export function describeActions(catalogue: Catalogue, policySource: string): readonly ActionFacts[] {
  const gate = gateOver(new Policy(policySource, catalogue.all()));
  const permitted = new Map(roles.map((role) => [role, new Map(gate.permitted(catalogue.all(), somebodyWith(role)).map(({ action, kind, own }) => [action.name, { approval: kind, own }]))]));
  const whoMay = ({ name }: Action): readonly Asker[] => {
    const everybody = permitted.get('employee')?.get(name);
    return roles.flatMap((role): Asker[] => {
      const may = permitted.get(role)?.get(name);
      // Everybody is an employee: what a role adds nothing to is not said again.
      const isNoMore = role !== 'employee' && may?.approval === everybody?.approval && may?.own === everybody?.own;
      return may === undefined || isNoMore ? [] : [{ role, ...may }];
    });
  };
  return catalogue.all().map((action) => ({
    name: action.name,
    version: action.version,
    effect: action.effect,
    class: policyClassOf(action),
    description: action.description,
    who: whoMay(action),
    target: action.target ?? null,
    operation: operationFacts(action.operation),
    reads: (action.reads ?? []).map(operationFacts),
    permissions: [...new Set([action.operation, ...(action.reads ?? [])].flatMap(({ permissions }) => permissions))],
    limit: action.limit ?? null,
    reversibleBy: action.reversibleBy ?? null,
    ships: action.ships ?? 'enabled',
    needs: action.needs ?? null,
    file: action.report !== undefined,
    parameters: Object.entries<z.core.$ZodType>(action.parameters.shape).map(([name, schema]) => parameterFacts(name, schema)),
  }));
}

function operationFacts({ method, path, system }: Operation): OperationFacts {
  const pinned: Readonly<Partial<Record<string, string>>> = apiVersions;
  return { system, method, path, version: pinned[system] ?? null };
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly description?: string;
}

function parameterFacts(name: string, schema: z.core.$ZodType): ParameterFacts {
  const json: JsonSchema = z.toJSONSchema(schema, { io: 'input' });
  const handle = z.globalRegistry.get(schema)?.['handle'];
  return { name, kind: typeof handle === 'string' ? `${handle} handle` : kindOf(json), required: !(schema as z.ZodType).safeParse(undefined).success, description: json.description ?? '' };
}

function kindOf({ enum: values, maximum, maxLength, minimum, type }: JsonSchema): string {
  if (values !== undefined) return values.map(String).join(' | ');
  if (type === 'integer') return minimum === undefined || maximum === undefined ? 'whole number' : `whole number, ${minimum} to ${maximum}`;
  if (type === 'string') return maxLength === undefined ? 'text' : `text of at most ${maxLength.toLocaleString('en-GB')} characters`;
  return type ?? 'value';
}

/** The gate itself, of which only the question “who may ask at all” is put: that needs the policy and nothing behind it. */
function gateOver(policy: Policy): Gate {
  return new Gate(policy, unused, unused, unused, unused);
}

/** Stands for what that question does not touch, and fails where it does after all. */
const unused = new Proxy({}, {
  get: () => {
    throw new TypeError('who may ask for an action depends on the policy alone');
  },
}) as never;

function somebodyWith(role: Role): PersonFacts {
  return { id: new InternalId(`somebody with the role ${role}`), displayName: '', userPrincipalName: '', enabled: true, guest: false, roles: role === 'employee' ? ['employee'] : ['employee', role], privileged: false, breakGlass: false, vip: false };
}

// --- for people ----------------------------------------------------------------------------------------------------

const ANSWERS: Readonly<Record<Approval, string>> = { run: 'runs', confirm: 'confirms', 'second person': 'with a second person' };

const whoText = (who: readonly Asker[]): string => (who.length === 0 ? 'nobody' : who.map(({ approval, own, role }) => `${role} ${ANSWERS[approval]}${own ? ' (own)' : ''}`).join(', '));
const operationText = ({ method, path, system, version }: OperationFacts): string => `${system}${version === null ? '' : ` ${version}`} ${method} ${path}`;
const limitText = (limit: Limit | null): string => {
  if (limit === null) return '–';
  const { perHour, perPersonPerHour, raisableTo } = limit;
  return `${perHour}/h${perPersonPerHour === undefined ? '' : `, ${perPersonPerHour} a person`}${raisableTo === undefined ? '' : `, raisable to ${raisableTo}`}`;
};
const conditionText = ({ needs, ships }: ActionFacts): string => [...(ships === 'disabled' ? ['ships disabled'] : []), ...(needs === null ? [] : [`needs ${needs}`])].join(', ');

/** A table for a terminal. */
export function actionsTable(facts: readonly ActionFacts[]): string {
  const heads = ['ACTION', 'VERSION', 'CLASS', 'WHO', 'LIMIT', 'UNDONE BY', 'CONDITIONS', 'OPERATION', 'PERMISSIONS'];
  const rows = facts.map((each) => [each.name, each.version, each.class, whoText(each.who), limitText(each.limit), each.reversibleBy ?? '–', conditionText(each), operationText(each.operation), each.permissions.join(' ')]);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [heads, ...rows].map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('');
}

const GENERATED = '<!-- Generated from the catalogue and the policy by `npm run generate`; a test fails when it is stale. -->';

/** `docs/actions.md`. */
export function actionsPage(facts: readonly ActionFacts[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [
    row(['action', 'class', 'who', 'limit', 'undone by', 'conditions']),
    row(['---', '---', '---', '---', '---', '---']),
    ...facts.map((each) => row([`[\`${each.name}\`](#${each.name})`, each.class.replaceAll('_', ' '), whoText(each.who), limitText(each.limit), each.reversibleBy === null ? '–' : `\`${each.reversibleBy}\``, conditionText(each) || '–'])),
  ];
  return [
    '# Actions',
    '',
    GENERATED,
    '',
    `Everything that Steward can do: ${facts.length} actions, each one reviewed operation of one API. Nothing else can happen; nothing is discovered.`,
    'Who may ask, and with which approval, is what the [policy](policy.md) answers for an ordinary colleague; for a VIP, a protected account,',
    'or a device that nobody uses it asks for more or refuses. `steward actions --json` prints the same data. How to add one:',
    '[Adding an action](adding-an-action.md).',
    '',
    '“Runs”: at once. “Confirms”: the requester’s own click on a card that shows exactly this step. “With a second person”: the click of another',
    'human with the approver role. “Own”: only about themselves.',
    '',
    ...table,
    '',
    ...facts.flatMap((each) => section(each, row)),
  ].join('\n');
}

function section(each: ActionFacts, row: (cells: readonly string[]) => string): readonly string[] {
  const parameters = each.parameters.map(({ description, kind, name, required }) => row([`\`${name}\``, kind, required ? 'yes' : 'no', description]));
  return [
    `## ${each.name}`,
    '',
    `${each.description}${each.file ? ' The person can have it as a file.' : ''}`,
    '',
    `- version ${each.version}, effect ${each.effect}, class ${each.class.replaceAll('_', ' ')}`,
    `- ${operationLine('operation', each.operation)}`,
    ...each.reads.map((read) => `- ${operationLine('reads', read)}`),
    `- permissions: ${each.permissions.map((permission) => `\`${permission}\``).join(', ')}`,
    '',
    ...(parameters.length === 0 ? [] : [row(['parameter', 'kind', 'required', 'description']), row(['---', '---', '---', '---']), ...parameters, '']),
  ];
}

function operationLine(what: string, { method, path, system, version }: OperationFacts): string {
  return `${what}: \`${method} ${path}\` of ${system}${version === null ? '' : `, version ${version}`}`;
}
