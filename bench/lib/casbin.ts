/** The rules of docs/policy.md for casbin, without those about groups: attributes and matchers, deny overrides. Only for figures; nothing is decided by it. */
import { policyClassOf, type Action } from '../../src/actions/action.ts';
import type { PersonFacts } from '../../src/guard/ports.ts';
import type { PolicyRequest } from '../../src/guard/policy.ts';

/** What is used of casbin 5.51.1. */
interface Casbin {
  readonly newModelFromString: (text: string) => unknown;
  readonly newEnforcer: (model: unknown) => Promise<{ addPolicy(rule: string, effect: string): Promise<boolean>; enforce(...request: readonly unknown[]): Promise<boolean> }>;
}

export type Enforce = (question: PolicyRequest) => { readonly ask: () => Promise<boolean> };

const MODEL = `
[request_definition]
r = sub, act, obj, ctx
[policy_definition]
p = rule, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = eval(p.rule)
`;

const ALLOW: readonly string[] = [
  'r.act.is == "read" && r.sub.helpdesk && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.ownAccount && r.sub.employee && r.obj.self && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.ownTickets && r.sub.employee && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.is == "sensitive_read" && r.sub.helpdesk && r.ctx.justified && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.is == "sensitive_read" && r.sub.employee && r.obj.self && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.is == "self_service" && r.sub.employee && (!r.ctx.untrusted || r.ctx.confirmed)',
  'r.act.is == "write" && r.sub.helpdesk && r.ctx.confirmed',
  'r.act.is == "destructive" && r.sub.helpdesk && ((r.ctx.confirmed && !r.obj.vip) || r.ctx.seconded)',
  'r.act.is == "restore" && r.sub.helpdesk && ((r.ctx.confirmed && r.ctx.ownRecentEffect) || r.ctx.seconded)',
  'r.act.is == "critical" && r.sub.helpdesk && r.ctx.seconded',
];

const DENY: readonly string[] = [
  'r.ctx.level == "off"',
  'r.ctx.level == "read-only" && r.act.effect',
  'r.sub.guest',
  '!r.sub.enabled',
  '!r.ctx.personal',
  'r.ctx.limitReached && r.act.effect',
  'r.act.effect && (r.obj.privileged || r.obj.breakGlass)',
  'r.act.neverSelf && r.obj.self',
];

/** Undefined where casbin is not installed: the figures then stand without it. */
export async function casbinOf(actions: readonly Action[]): Promise<Enforce | undefined> {
  // By a name that the compiler does not follow: it is compared with, not built upon.
  const name: string = 'casbin';
  let casbin: Casbin;
  try {
    const loaded = (await import(name)) as Casbin & { readonly default?: Casbin };
    casbin = loaded.default ?? loaded;
  } catch {
    return undefined;
  }
  const enforcer = await casbin.newEnforcer(casbin.newModelFromString(MODEL));
  for (const rule of ALLOW) await enforcer.addPolicy(rule, 'allow');
  for (const rule of DENY) await enforcer.addPolicy(rule, 'deny');
  const acts = new Map(actions.map((action) => [action.name, actOf(action)]));
  return ({ requester, action, target, ...facts }) => {
    const { level, personal, untrusted, confirmed, seconded, limitReached, justified, ownRecentEffect } = facts;
    const subject = { employee: requester.roles.includes('employee'), helpdesk: requester.roles.includes('helpdesk'), guest: requester.guest, enabled: requester.enabled };
    const context = { level, personal, untrusted, confirmed, seconded, limitReached, justified, ownRecentEffect };
    const [act, object] = [acts.get(action.name), objectOf(requester, target)];
    return { ask: () => enforcer.enforce(subject, act, object, context) };
  };
}

function actOf(action: Action): Readonly<Record<string, unknown>> {
  const is = policyClassOf(action);
  return {
    is,
    effect: is !== 'read' && is !== 'sensitive_read',
    ownAccount: ['show_person', 'list_devices', 'list_apps'].includes(action.name),
    ownTickets: action.name === 'list_own_tickets',
    neverSelf: ['block_sign_in', 'unblock_sign_in'].includes(action.name) || is === 'critical',
  };
}

function objectOf(requester: PersonFacts, target: PersonFacts | undefined): Readonly<Record<string, boolean>> {
  if (target === undefined) return { self: false, vip: false, privileged: false, breakGlass: false };
  return { self: target.id.equals(requester.id), vip: target.vip, privileged: target.privileged, breakGlass: target.breakGlass };
}
