/** One worker process of proof/guard-plans.ts. */
import type { Message, Part } from '../guard-plans.ts';
import { runPlans } from './run.ts';

// Written by `fork` in proof/guard-plans.ts from a value of this type.
const part = JSON.parse(process.argv[2] ?? '') as Part;
// Nobody is left to tell: whoever started this was stopped.
process.on('disconnect', () => process.exit(1));

function send(message: Message, then?: () => void): void {
  process.send?.(message, undefined, undefined, then);
}

const found = await runPlans({ ...part, progress: (plans, violations) => send({ kind: 'progress', plans, violations }) });
send({ kind: 'found', found }, () => process.removeAllListeners('disconnect').disconnect());
