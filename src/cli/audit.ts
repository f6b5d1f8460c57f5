import { Misuse, short, Unreadable } from './audit-words.ts';
import { EXPORT_USAGE, exportCommand } from './audit-export.ts';
import { SHOW_USAGE, showCommand } from './audit-show.ts';
import { VERIFY_USAGE, verifyCommand } from './audit-verify.ts';
import { WHY_USAGE, whyCommand } from './audit-why.ts';
import type { ExitStatus, Output } from './command.ts';
import type { AuditSetting } from './audit-setting.ts';

/** `steward audit`: brings the ledger home, checks it, and tells what is in it. All but `export` works offline. */

export const AUDIT_USAGE = `${EXPORT_USAGE}${VERIFY_USAGE}${SHOW_USAGE}${WHY_USAGE}`;

/** 0: it was done, and the ledger holds. 1: it does not, or what was asked for is not there. 2: it was typed wrongly, or something can't be read. */
export async function auditCommand([command, ...given]: readonly string[], { complain, print }: Output, setting: AuditSetting): Promise<ExitStatus> {
  try {
    switch (command) {
      case 'verify':
        return await verifyCommand(given, { print });
      case 'show':
        return await showCommand(given, { print });
      case 'why':
        return await whyCommand(given, { complain, print }, setting);
      case 'export':
        return await exportCommand(given, { complain, print }, setting);
      case undefined:
        throw new Misuse('`audit` needs to know what: verify, show, why or export');
      default:
        throw new Misuse(`\`audit\` does not know \`${short(command)}\`: verify, show, why or export`);
    }
  } catch (error) {
    if (!(error instanceof Misuse || error instanceof Unreadable)) throw error;
    complain(`steward: ${error.message}\n${error instanceof Misuse ? `\n${AUDIT_USAGE}` : ''}`);
    return 2;
  }
}
