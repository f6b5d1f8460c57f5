import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
  type CedarValueJson,
  type EntityJson,
  type SchemaJson,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Action } from '../actions/action.ts';
import { isAboutPerson, policyClasses, policyClassOf } from '../actions/action.ts';
import { StewardError, stewardErrorCodes, type StewardErrorCode } from '../errors.ts';
import { roles, type GroupFacts, type LatchLevel, type PersonFacts } from './ports.ts';

/**
 * Node 20.20 ends the process (“unreachable code” in `Deoptimizer::DoComputeBuiltinContinuation`) after some thousand
 * calls into Cedar, when V8 has inlined a call from JavaScript into WebAssembly: docs/decisions/0006-wasm-inlining.md.
 */
if (process.versions.node.startsWith('20.')) setFlagsFromString('--no-turbo-inline-js-wasm-calls');

/** What the policy is asked about one step. */
export interface PolicyRequest {
  readonly requester: PersonFacts;
  readonly action: Action;
  /** The person it is about. Absent where it is about nobody: the policy then sees the deployment as resource. */
  readonly target?: PersonFacts;
  readonly level: LatchLevel;
  /** The chat is one to one. */
  readonly personal: boolean;
  /** Text that others may have written stood in the message. */
  readonly untrusted: boolean;
  /** The requester confirmed exactly this step. */
  readonly confirmed: boolean;
  /** Another human who may, approved exactly this step. */
  readonly seconded: boolean;
  /** The action's limit for this hour is used up. */
  readonly limitReached: boolean;
  /** The step carries a reason or a ticket. */
  readonly justified: boolean;
  /** The step takes back what the same requester had done to the same target less than 30 minutes ago. */
  readonly ownRecentEffect: boolean;
  /** The group that the step names, where it names one. */
  readonly group?: GroupFacts;
}

export interface PolicyAnswer {
  readonly permitted: boolean;
  /** Ids of the policies that decided; empty when nothing permitted. */
  readonly policies: readonly string[];
  /** Why not, for a refusal. */
  readonly code: StewardErrorCode;
}

/**
 * Cedar behind one question. The schema is generated from the catalogue and every request is validated against it.
 * Cedar skips a policy whose evaluation errs, a `forbid` too; here any error at all is a refusal.
 */
export class Policy {
  /** SHA-256 of the policy text, part of what an approval is bound to. */
  readonly digest: string;
  readonly #codes: ReadonlyMap<string, StewardErrorCode>;
  readonly #key: string;

  /**
   * `overlay` is a customer's own Cedar text, which may only forbid. Fails with `CONFIGURATION_INVALID` when the policies
   * don't parse or don't fit the catalogue, or when the overlay would permit something; Steward then does not start.
   */
  constructor(source: string, actions: readonly Action[], overlay = '') {
    this.digest = createHash('sha256').update(JSON.stringify([source, overlay])).digest('hex');
    const schema = schemaOf(actions);
    this.#key = `steward-${createHash('sha256').update(JSON.stringify([source, overlay, schema])).digest('hex')}`;
    const named = [...readPolicies(source), ...readPolicies(overlay).map(onlyForbids)];
    const duplicate = named.find(({ id }, index) => named.findIndex((other) => other.id === id) !== index);
    if (duplicate !== undefined) throw new StewardError('CONFIGURATION_INVALID', `two policies are called \`${duplicate.id}\``);
    this.#codes = new Map(named.flatMap(({ id, code }) => (code === undefined ? [] : [[id, code] as const])));
    // Cedar numbers policies by position; the reviewer's own ids are what the ledger shows.
    const policies = { staticPolicies: Object.fromEntries(named.map(({ id, text }) => [id, text])) };
    const { validationErrors } = succeeded(validate({ schema, policies, validationSettings: { mode: 'strict' } }));
    if (validationErrors.length > 0) throw invalid(validationErrors.map((problem) => problem.error));
    succeeded(preparsePolicySet(this.#key, policies));
    succeeded(preparseSchema(this.#key, schema));
  }

  ask(request: PolicyRequest): PolicyAnswer {
    const principal = personUid(request.requester);
    const resource = request.target === undefined ? { type: 'Deployment', id: 'this' } : personUid(request.target);
    // The requester last: where somebody acts on themselves, theirs are the fresher facts.
    const people = new Map([...(request.target ? [request.target] : []), request.requester].map((person) => [person.id.digest(), person]));
    let answer;
    try {
      answer = statefulIsAuthorized({
        principal,
        action: { type: 'Action', id: request.action.name },
        resource,
        context: {
          level: request.level,
          personal: request.personal,
          untrusted: request.untrusted,
          confirmed: request.confirmed,
          seconded: request.seconded,
          limitReached: request.limitReached,
          justified: request.justified,
          ownRecentEffect: request.ownRecentEffect,
          ...(request.group && { group: { ...request.group } }),
        },
        entities: [...[...people.values()].map(personEntity), ...roles.map(roleEntity), { uid: { type: 'Deployment', id: 'this' }, attrs: {}, parents: [] }],
        preparsedPolicySetId: this.#key,
        preparsedSchemaName: this.#key,
        validateRequest: true,
      });
    } catch {
      return { permitted: false, policies: [], code: 'POLICY_EVALUATION_FAILED' };
    }
    // INVARIANT: an error anywhere in the evaluation is a refusal.
    if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0) return { permitted: false, policies: [], code: 'POLICY_EVALUATION_FAILED' };
    const policies = answer.response.diagnostics.reason;
    if (answer.response.decision === 'allow') return { permitted: true, policies, code: 'POLICY_DENIED' };
    const code = policies.map((id) => this.#codes.get(id)).find((known) => known !== undefined) ?? 'POLICY_DENIED';
    return { permitted: false, policies, code };
  }
}

interface NamedPolicy {
  readonly id: string;
  readonly text: string;
  readonly effect: string;
  readonly code?: StewardErrorCode;
}

function readPolicies(source: string): readonly NamedPolicy[] {
  const parts = succeeded(policySetTextToParts(source));
  if (parts.policy_templates.length > 0) throw new StewardError('CONFIGURATION_INVALID', 'a policy has a slot: templates are not used here');
  return parts.policies.map((text) => {
    const { annotations, effect } = succeeded(policyToJson(text)).json;
    const { id, reason, code } = annotations ?? {};
    if (!id || !reason) throw new StewardError('CONFIGURATION_INVALID', 'every policy needs an @id and a @reason');
    if (!code) return { id, text, effect };
    const known = stewardErrorCodes.find((candidate) => candidate === code);
    if (known === undefined) throw new StewardError('CONFIGURATION_INVALID', `policy \`${id}\` names an unknown @code`);
    return { id, text, effect, code: known };
  });
}

/** INVARIANT: an overlay narrows. Whatever it forbids, no answer becomes weaker than without it. */
function onlyForbids(policy: NamedPolicy): NamedPolicy {
  if (policy.effect !== 'forbid') throw new StewardError('CONFIGURATION_INVALID', `the overlay's policy \`${policy.id}\` would permit: an overlay may only forbid`);
  return policy;
}

function personUid(person: PersonFacts): { type: string; id: string } {
  return { type: 'Person', id: person.id.digest() };
}

function personEntity(person: PersonFacts): EntityJson {
  const attrs: Record<string, CedarValueJson> = { enabled: person.enabled, guest: person.guest, privileged: person.privileged, breakGlass: person.breakGlass, vip: person.vip };
  return { uid: personUid(person), attrs, parents: person.roles.map((role) => ({ type: 'Role', id: role })) };
}

function roleEntity(role: string): EntityJson {
  return { uid: { type: 'Role', id: role }, attrs: {}, parents: [] };
}

/** The Cedar schema of this catalogue: one Cedar action for each of ours, in the group of its class; what is no read, in `effect`. */
export function schemaOf(actions: readonly Action[]): SchemaJson<string> {
  const bool = { type: 'Boolean' } as const;
  const contextType = {
    type: 'Record',
    attributes: {
      level: { type: 'String' },
      personal: bool,
      untrusted: bool,
      confirmed: bool,
      seconded: bool,
      limitReached: bool,
      justified: bool,
      ownRecentEffect: bool,
      group: { type: 'Record', required: false, attributes: { managed: bool, steward: bool, roleAssignable: bool, dynamic: bool, synced: bool } },
    },
  } as const;
  return {
    '': {
      entityTypes: {
        Role: {},
        Deployment: {},
        Person: {
          memberOfTypes: ['Role'],
          shape: { type: 'Record', attributes: { enabled: bool, guest: bool, privileged: bool, breakGlass: bool, vip: bool } },
        },
      },
      actions: {
        effect: {},
        ...Object.fromEntries(policyClasses.map((name) => [name, name === 'read' || name === 'sensitive_read' ? {} : { memberOf: [{ id: 'effect' }] }])),
        ...Object.fromEntries(
          actions.map((action) => [
            action.name,
            {
              memberOf: [{ id: policyClassOf(action) }],
              appliesTo: { principalTypes: ['Person'], resourceTypes: [isAboutPerson(action) ? 'Person' : 'Deployment'], context: contextType },
            },
          ]),
        ),
      },
    },
  };
}

/** What Cedar answered, unless it says that it could not. */
function succeeded<A extends { readonly type: string }>(answer: A): Extract<A, { readonly type: 'success' }> {
  if (answer.type !== 'success') throw invalid((answer as A & { readonly errors: readonly { readonly message: string }[] }).errors);
  return answer as Extract<A, { readonly type: 'success' }>;
}

function invalid(errors: readonly { readonly message: string }[]): StewardError {
  return new StewardError('CONFIGURATION_INVALID', `the policy does not hold: ${errors.map((error) => error.message).join('; ')}`);
}
