import { childrenOf, COMMENT, drop, ELEMENT, hasText, TEXT, type DomNode } from './knowledge-draft-dom.ts';
import type { Kind, Tally } from './knowledge-draft-notes.ts';
import { lineOf, type Cell } from './knowledge-draft-row.ts';

/** HTML → Markdown. Parsed and never run: domino's `createDocument` has no window, and no script or address in it is followed. */

/** Elements that go with everything in them. */
const GONE: ReadonlyMap<string, Kind | undefined> = new Map<string, Kind | undefined>([
  ['SCRIPT', 'script'], ['STYLE', 'style'],
  ...['IMG', 'PICTURE', 'SVG', 'CANVAS', 'MAP'].map((name) => [name, 'picture'] as const),
  ...['IFRAME', 'OBJECT', 'EMBED', 'APPLET', 'FRAME', 'FRAMESET', 'VIDEO', 'AUDIO'].map((name) => [name, 'object'] as const),
  ...['INPUT', 'BUTTON', 'SELECT', 'TEXTAREA', 'DATALIST'].map((name) => [name, 'field'] as const),
  ...['PRE', 'LISTING', 'XMP', 'PLAINTEXT'].map((name) => [name, 'code'] as const),
  ...['DEL', 'S', 'STRIKE'].map((name) => [name, 'deletion'] as const),
  ['MATH', 'formula'],
  ...['TITLE', 'META', 'LINK', 'BASE', 'NOSCRIPT', 'TEMPLATE', 'NOEMBED', 'NOFRAMES'].map((name) => [name, undefined] as const),
]);
const BLOCK = /^(?:ADDRESS|ARTICLE|ASIDE|BLOCKQUOTE|BR|CAPTION|CENTER|DD|DETAILS|DIR|DIV|DL|DT|FIELDSET|FIGCAPTION|FIGURE|FOOTER|FORM|H[1-6]|HEADER|HR|LI|MAIN|MENU|NAV|OL|P|SECTION|SUMMARY|TABLE|UL)$/;
const MARK: ReadonlyMap<string, string> = new Map([['B', 'bold'], ['STRONG', 'bold'], ['I', 'emphasis'], ['EM', 'emphasis']]);
const MOST_EDGE = 20;
const MOST_SPAN = 50;
/** A longer one isn't said again in every row that it spans. */
const MOST_REPEATED = 500;

export async function markdownOfHtml(html: string, tally: Tally): Promise<string> {
  const [{ default: domino }, { default: Turndown }] = await Promise.all([import('@mixmark-io/domino'), import('turndown')]);
  const document = domino.createDocument(html, true);
  clean(document, tally);
  const { body } = document;
  if (body === undefined || body === null) return '';
  const service = new Turndown({ headingStyle: 'atx', bulletListMarker: '-', codeBlockStyle: 'fenced', emDelimiter: '*', br: '\\' });
  const escape = service.escape.bind(service);
  // turndown leaves alone what begins a tag, an entity or a list with a bracket; here they are all somebody's text.
  service.escape = (text) => escape(text).replace(/[<&]/g, '\\$&').replace(/^(\d+)(?=[.)])/, '$1\\');
  return service.turndown(body);
}

function clean(node: DomNode, tally: Tally): void {
  for (const child of childrenOf(node)) {
    if (child.nodeType === COMMENT) {
      tally.count('comment');
      drop(child);
    } else if (child.nodeType === ELEMENT) {
      const name = child.nodeName.toUpperCase();
      if (isHidden(child, name)) {
        if (hasText(child)) tally.count('hidden');
        drop(child);
      } else if (GONE.has(name)) {
        const kind = GONE.get(name);
        if (kind !== undefined) tally.count(kind);
        drop(child);
      } else {
        clean(child, tally);
        if (name === 'TABLE') untable(child, tally);
        if (MARK.has(name)) settle(child);
        // An article has no quotations; what they say stays.
        if (name === 'BLOCKQUOTE' && hasText(child)) tally.count('quotation');
        if (name === 'BLOCKQUOTE') replace(child, [within(child, 'div', childrenOf(child))]);
      }
    }
  }
}

/**
 * Bold and emphasis that Markdown can say: `**a****b**` and `**Note:**text` are asterisks to its readers (CommonMark 0.31.2, 6.2).
 * So neighbours are joined, and punctuation at an end that a word follows moves out.
 */
function settle(element: DomNode): void {
  const { nextSibling: after, parentNode: parent, previousSibling: before } = element;
  if (before !== null && MARK.has(before.nodeName) && MARK.get(before.nodeName) === MARK.get(element.nodeName)) {
    for (const child of childrenOf(element)) before.appendChild(child);
    return drop(element);
  }
  const text = (value: string): DomNode => element.ownerDocument.createTextNode(value);
  const { lastChild: last } = element;
  const [end = ''] = /[\p{P}\p{S}]+\s*$/u.exec(last?.nodeType === TEXT ? (last.textContent ?? '').slice(-MOST_EDGE) : '') ?? [];
  if (last !== null && end !== '' && after !== null && /^[^\s\p{P}\p{S}]/u.test(after.textContent ?? '')) {
    element.insertBefore(text((last.textContent ?? '').slice(0, -end.length)), last);
    drop(last);
    parent?.insertBefore(text(end), after);
  }
  const { firstChild: first } = element;
  const [start = ''] = /^\s*[\p{P}\p{S}]+/u.exec(first?.nodeType === TEXT ? (first.textContent ?? '').slice(0, MOST_EDGE) : '') ?? [];
  if (first !== null && start !== '' && before !== null && /[^\s\p{P}\p{S}]$/u.test(before.textContent ?? '')) {
    element.insertBefore(text((first.textContent ?? '').slice(start.length)), first);
    drop(first);
    parent?.insertBefore(text(start), element);
  }
}

const HIDING: readonly RegExp[] = [
  /^display:none$/, /^visibility:(?:hidden|collapse)$/, /^content-visibility:hidden$/, /^opacity:0*(?:\.0*)?%?$/,
  /^font(?:-size)?:(?:.* )?(?:0|0?\.\d+|1)(?:\.0*)?(?:px|pt|em|rem|%)?(?:\/.*)?(?: .*)?$/, /^(?:-webkit-text-fill-)?color:transparent$/,
  /^text-indent:-\d{3,}/, /^(?:left|top|right|bottom|margin-left|margin-top):-\d{3,}/, /^clip:rect\(/, /^clip-path:inset\((?:50|100)%/, /^mso-hide:all$/,
];

/** By its own attributes. What a style sheet hides is not known; the note on style sheets says so. */
function isHidden(element: DomNode, name: string): boolean {
  if (element.getAttribute('hidden') !== null || (name === 'INPUT' && element.getAttribute('type')?.toLowerCase() === 'hidden')) return true;
  if (name === 'DIALOG' && element.getAttribute('open') === null) return true;
  return declarationsOf(element.getAttribute('style') ?? '').some((declaration) => HIDING.some((shape) => shape.test(declaration)));
}

/** `DISPLAY : n\6f ne !important` is `display:none`. */
function declarationsOf(style: string): readonly string[] {
  const plain = style
    .replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '')
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (_, hex: string) => String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)))
    .replaceAll('\\', '');
  return plain.split(';').map((declaration) => declaration.toLowerCase().replace(/\s*!\s*important/, '').replace(/\s*:\s*/, ':').replace(/\s+/g, ' ').trim());
}

function replace(node: DomNode, others: readonly DomNode[]): void {
  for (const other of others) node.parentNode?.insertBefore(other, node);
  drop(node);
}

function within(near: DomNode, name: string, children: readonly DomNode[]): DomNode {
  const element = near.ownerDocument.createElement(name);
  for (const child of children) element.appendChild(child);
  return element;
}

interface Row {
  readonly cells: readonly DomNode[];
  readonly inHead: boolean;
}

/** A list with a bullet for each row; a table that is only a frame around something becomes that. */
function untable(table: DomNode, tally: Tally): void {
  const { captions, rows } = rowsOf(table);
  const caption = captions.map((each) => within(table, 'p', childrenOf(each)));
  if (rows.length === 0) return replace(table, caption);
  const isFrame = rows.every(({ cells }) => cells.length <= 1) && (rows.length === 1 || rows.some(({ cells }) => cells.some(hasBlocks)));
  if (isFrame) {
    if (hasText(table)) tally.count('frame');
    return replace(table, [...caption, ...rows.flatMap(({ cells }) => cells.map((cell) => within(table, 'div', childrenOf(cell))))]);
  }
  if (hasText(table)) tally.count('table');
  const grid = gridOf(rows);
  const isHead = (row: Row | undefined): boolean => row !== undefined && row.cells.length > 0 && (row.inHead || row.cells.every(({ nodeName }) => nodeName === 'TH'));
  const named = rows.some(({ cells }) => cells.some(({ nodeName }) => nodeName === 'TH'));
  // Word marks no header unless it repeats on every page: without any, the first row is taken for one.
  const hasHeader = rows.length > 1 && (isHead(rows[0]) || (!named && (grid[0]?.length ?? 0) > 1));
  const header = hasHeader ? grid[0]?.map(({ plain }) => plain) : undefined;
  const text = (value: string): DomNode => table.ownerDocument.createTextNode(value);
  const lines = grid.slice(hasHeader ? 1 : 0).map((cells, index) => {
    const row = rows[index + (hasHeader ? 1 : 0)];
    const isNamed = !hasHeader && row?.cells[0]?.nodeName === 'TH' && cells.length > 1;
    return lineOf(isNamed ? ['', cells[0]?.plain ?? ''] : header, isNamed ? [{ nodes: [], plain: '' }, ...cells.slice(1)] : cells, text);
  });
  replace(table, [...caption, within(table, 'ul', lines.filter((line) => line.length > 0).map((line) => within(table, 'li', line)))]);
}

function rowsOf(table: DomNode): { readonly captions: readonly DomNode[]; readonly rows: readonly Row[] } {
  const captions: DomNode[] = [];
  const rows: Row[] = [];
  for (const child of childrenOf(table)) {
    if (child.nodeName === 'CAPTION') captions.push(child);
    for (const row of child.nodeName === 'TR' ? [child] : /^T(?:HEAD|BODY|FOOT)$/.test(child.nodeName) ? childrenOf(child) : []) {
      const cells = childrenOf(row).filter(({ nodeName }) => nodeName === 'TD' || nodeName === 'TH');
      if (cells.length > 0) rows.push({ cells, inHead: child.nodeName === 'THEAD' });
    }
  }
  return { captions, rows };
}

function hasBlocks(cell: DomNode): boolean {
  const blocks = childrenOf(cell).filter(({ nodeName }) => BLOCK.test(nodeName) && nodeName !== 'BR');
  return blocks.length > 1 || blocks.some(({ nodeName }) => !/^(?:P|DIV)$/.test(nodeName));
}

/** Each cell at its column, also one that spans several rows. */
function gridOf(rows: readonly Row[]): readonly (readonly Cell<DomNode>[])[] {
  const empty: Cell<DomNode> = { nodes: [], plain: '' };
  const spanning: { left: number; cell: Cell<DomNode> }[] = [];
  return rows.map(({ cells }) => {
    const row: Cell<DomNode>[] = [];
    const fill = (): void => {
      for (let above = spanning[row.length]; above !== undefined && above.left > 0; above = spanning[row.length]) {
        above.left -= 1;
        row.push(above.cell.plain.length > MOST_REPEATED ? empty : { ...above.cell, nodes: above.cell.nodes.map((node) => node.cloneNode(true)) });
      }
    };
    for (const cell of cells) {
      fill();
      const nodes = unpadded(inlined(cell));
      const read = { nodes, plain: nodes.map(({ textContent }) => textContent ?? '').join('').replace(/\s+/g, ' ').trim() };
      for (let column = 0; column < spanOf(cell, 'colspan'); column += 1) {
        const here = column === 0 ? read : empty;
        spanning[row.length] = { left: spanOf(cell, 'rowspan') - 1, cell: here };
        row.push(here);
      }
    }
    fill();
    return row;
  });
}

/** Blanks at the ends of a cell would stand before our punctuation. */
function unpadded(nodes: readonly DomNode[]): readonly DomNode[] {
  const isFull = (node: DomNode): boolean => node.nodeType !== TEXT || hasText(node);
  const full = nodes.slice(nodes.findIndex(isFull), nodes.findLastIndex(isFull) + 1);
  const last = full.at(-1);
  return last?.nodeType === TEXT ? [...full.slice(0, -1), last.ownerDocument.createTextNode((last.textContent ?? '').trimEnd())] : full;
}

function spanOf(cell: DomNode, name: string): number {
  const span = Number(cell.getAttribute(name) ?? '1');
  return Number.isSafeInteger(span) && span >= 1 ? Math.min(span, MOST_SPAN) : 1;
}

/** What is in a cell, in one line: paragraphs and items follow each other. */
function inlined(cell: DomNode): readonly DomNode[] {
  const blank = (): DomNode => cell.ownerDocument.createTextNode(' ');
  return childrenOf(cell).flatMap((child) => {
    if (child.nodeType === TEXT || child.nodeType !== ELEMENT) return [child];
    if (BLOCK.test(child.nodeName)) return [blank(), ...inlined(child), blank()];
    const inner = inlined(child);
    for (const old of childrenOf(child)) drop(old);
    for (const node of inner) child.appendChild(node);
    return [child];
  });
}
