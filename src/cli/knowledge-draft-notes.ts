/** What a conversion left out or changed: counted on the way, said at the end to the person who goes on with the draft. */

/** Why there is no draft, and what to do about it: a sentence part that follows the name of the file. */
export class DraftError extends Error {
  override readonly name = 'DraftError';
}

const OUT = 'left out';

/** One, several, and what became of them. In the order in which they are said. */
const KINDS = {
  picture: ['picture', 'pictures', OUT],
  table: ['table', 'tables', 'turned into a list with a bullet for each row: check what each value belongs to'],
  frame: ['table with a single column', 'tables with a single column', 'turned into paragraphs'],
  code: ['block of code', 'blocks of code', OUT],
  quotation: ['quotation', 'quotations', 'turned into paragraphs'],
  html: ['piece of HTML', 'pieces of HTML', OUT],
  script: ['script', 'scripts', OUT],
  style: ['style sheet', 'style sheets', `${OUT}: text that it hid stands in the draft`],
  comment: ['comment', 'comments', OUT],
  hidden: ['piece of hidden text', 'pieces of hidden text', OUT],
  deletion: ['deleted passage', 'deleted passages', OUT],
  insertion: ['tracked insertion', 'tracked insertions', 'kept: nobody has accepted or rejected it in Word'],
  object: ['embedded object', 'embedded objects', OUT],
  field: ['form field', 'form fields', OUT],
  formula: ['formula', 'formulas', OUT],
  footnote: ['footnote', 'footnotes', `${OUT}: what matters in it belongs into the text`],
  contents: ['line of a table of contents', 'lines of a table of contents', OUT],
  link: ['link', 'links', 'made plain text: only https addresses and other articles (other-id.md) are linked'],
  invisible: ['invisible character', 'invisible characters', OUT],
} as const;
export type Kind = keyof typeof KINDS;

export class Tally {
  readonly #counts = new Map<string, number>();

  count(kind: Kind, times = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times);
  }

  sentences(): readonly string[] {
    return Object.entries(KINDS).flatMap(([kind, [one, several, became]]) => {
      const times = this.#counts.get(kind) ?? 0;
      return times === 0 ? [] : [`${times} ${times === 1 ? `${one} was` : `${several} were`} ${became}`];
    });
  }
}
