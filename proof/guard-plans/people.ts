/** Who asks, who clicks and whom it is about in proof/guard-plans.ts. */
import { InternalId } from '../../src/actions/internal-id.ts';
import type { PersonFacts, Role } from '../../src/guard/ports.ts';
import { Directory } from '../../test/unit/guard/support.ts';

function person(name: string, changes: Partial<PersonFacts> = {}): PersonFacts {
  return { id: new InternalId(`object-${name}`), displayName: name, userPrincipalName: `${name.toLowerCase()}@contoso.example`, enabled: true, guest: false, employeeId: `number-${name}`, roles: ['employee'], privileged: false, breakGlass: false, vip: false, ...changes };
}

const HELPDESK: readonly Role[] = ['employee', 'helpdesk'];
const APPROVER: readonly Role[] = ['employee', 'approver'];

/** In whose name the planner proposes. The second account of the first has the approver role. */
export const requesters: readonly PersonFacts[] = [
  person('Adahelp', { roles: HELPDESK }),
  person('Berthelp', { roles: HELPDESK }),
  person('Cleoboth', { roles: ['employee', 'helpdesk', 'approver'] }),
  person('Dorahelp', { roles: HELPDESK, employeeId: undefined }),
  person('Emilplain'),
  person('Finnadmin', { roles: ['employee', 'admin'] }),
  person('Guidoguest', { roles: HELPDESK, guest: true }),
  person('Hannablocked', { roles: HELPDESK, enabled: false }),
];

export const approvers: readonly PersonFacts[] = [
  person('Paulapprover', { roles: APPROVER }),
  person('Quinapprover', { roles: APPROVER }),
  person('Adasecond', { roles: APPROVER, employeeId: 'number-Adahelp' }),
  person('Rosenumberless', { roles: APPROVER, employeeId: undefined }),
  person('Samblocked', { roles: APPROVER, enabled: false }),
  person('Tildeguest', { roles: APPROVER, guest: true }),
  person('Ulfbackup', { roles: ['employee', 'backup approver'] }),
];

export const targets: readonly PersonFacts[] = [
  ...Array.from({ length: 12 }, (_, index) => person(`Ordinary${'abcdefghijkl'.charAt(index)}`)),
  person('Vipone', { vip: true }),
  person('Viptwo', { vip: true }),
  person('Roleholder', { privileged: true }),
  person('Breakglass', { breakGlass: true }),
  person('Vipandroleholder', { vip: true, privileged: true }),
  person('Guesttarget', { guest: true }),
  person('Disabledtarget', { enabled: false }),
];

/** Somebody whose handle is known and whom the directory has lost. */
export const gone = person('Gonetarget');

export const everybody: readonly PersonFacts[] = [...requesters, ...approvers, ...targets];

/** The directory, with the members of roles. */
export class Company extends Directory {
  constructor() {
    super(...everybody);
  }

  override async membersOf(role?: Role): Promise<readonly InternalId[]> {
    return everybody.filter(({ roles }) => role !== undefined && roles.includes(role)).map(({ id }) => id);
  }

  /** As it is known now, for whoever keeps the books. */
  async now(facts: PersonFacts): Promise<PersonFacts | undefined> {
    const found = await this.describe(facts.id, 'now');
    this.looks.length = 0;
    return found;
  }
}
