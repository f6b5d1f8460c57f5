import { inert } from './card.ts';

/** A line of a card, as data of its template: what is said of a request, each with its label. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly weight: 'Bolder' | 'Default';
  readonly note: string;
}

/** A value of ours, or one that was made inert. */
export function plainFact(label: string, value: string, note = ''): Fact {
  return { label, value, weight: 'Default', note };
}

/** Text from outside, whole and between quotation marks: without colours too, it is plain where their words end and ours begin. */
export function quoted(text: string): string {
  return `“${inert(text, { whole: true })}”`;
}
