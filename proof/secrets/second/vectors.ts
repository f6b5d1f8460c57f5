// made up: no text here holds anything that opens anything.
/**
 * The second yardstick, once the scanner had been mended on the first: other texts and formats, by somebody who read neither the
 * scanner nor what it did with the first. A miss here that is mended in the scanner makes this one the first again.
 */
import type { Negative, Positive } from './made-up.ts';
import { addressPositives } from './positives-addresses.ts';
import { azureKeyPositives } from './positives-azure-keys.ts';
import { azureStringPositives } from './positives-azure-strings.ts';
import { platformPositives } from './positives-platforms.ts';
import { privateKeyPositives } from './positives-private-keys.ts';
import { tokenPositives } from './positives-tokens.ts';
import { pastedNegatives } from './negatives-pasted.ts';
import { spokenNegatives } from './negatives-spoken.ts';
import { technicalNegatives } from './negatives-technical.ts';

export const positives: readonly Positive[] = [...azureKeyPositives, ...azureStringPositives, ...tokenPositives, ...platformPositives, ...addressPositives, ...privateKeyPositives];
export const negatives: readonly Negative[] = [...spokenNegatives, ...technicalNegatives, ...pastedNegatives];
