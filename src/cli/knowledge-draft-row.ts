/** A row of a table as one line: “Header: value; Header: value.” The same for what comes as HTML and as Markdown. */

export interface Cell<Node> {
  readonly nodes: readonly Node[];
  /** What of them can be read. */
  readonly plain: string;
}

/** `header` is undefined for a table without one. No nodes: the row is empty. */
export function lineOf<Node>(header: readonly string[] | undefined, cells: readonly Cell<Node>[], text: (value: string) => Node): readonly Node[] {
  const filled = cells.flatMap((cell, column) => (cell.plain.trim() === '' ? [] : [{ ...cell, name: header?.[column]?.trim().replace(/\s*:$/, '') ?? '' }]));
  const line = filled.flatMap(({ name, nodes }, index) => {
    const before = `${index === 0 ? '' : '; '}${name === '' ? '' : `${name}: `}`;
    return before === '' ? nodes : [text(before), ...nodes];
  });
  return /[.!?…]\s*$/.test(filled.at(-1)?.plain ?? '.') ? line : [...line, text('.')];
}
