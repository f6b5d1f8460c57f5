import { childrenOf, drop, ELEMENT, hasText, type DomNode } from './knowledge-draft-dom.ts';
import { DraftError, type Tally } from './knowledge-draft-notes.ts';
import { pack, unpack } from './knowledge-draft-zip.ts';

/**
 * A Word document → HTML. mammoth 1.13.0 knows neither hidden text nor how much was deleted, so both go from the XML before it
 * sees it; of pictures, embedded files, comments and notes it gets nothing at all, not even the parts that hold them.
 */

/** Of XML, unpacked; an article has at most 0.1 MB of text, and Word needs up to fifty bytes for one of them. */
const MOST_XML_BYTES = 10_000_000;
const WANTED = /^(?:\[Content_Types\]\.xml|(?:[^/]+\/)?_rels\/[^/]*\.rels|[^/]+\/(?:document\d*|styles|numbering)\.xml)$/;
const DOCUMENT = /^[^/]+\/document\d*\.xml$/;
const STYLES = /^[^/]+\/styles\.xml$/;

interface Style {
  readonly name: string;
  readonly basedOn: string | undefined;
  readonly hidden: boolean | undefined;
}

export async function htmlOfDocx(bytes: Uint8Array, tally: Tally): Promise<string> {
  const parts = new Map<string, string>();
  for (const [name, part] of unpack(bytes, (path) => WANTED.test(path), MOST_XML_BYTES)) parts.set(name, textOf(part));
  if (![...parts.keys()].some((name) => DOCUMENT.test(name))) throw broken();
  const { DOMParser, XMLSerializer } = await import('@xmldom/xmldom/lib/index.js');
  const fail = (): never => {
    throw broken();
  };
  const parse = (xml: string): DomNode => new DOMParser({ errorHandler: { warning: fail, error: fail, fatalError: fail } }).parseFromString(xml, 'text/xml').documentElement ?? fail();
  const styles = new Map([...parts].filter(([name]) => STYLES.test(name)).flatMap(([, xml]) => stylesOf(parse(xml))));
  for (const [name, xml] of parts) {
    if (!DOCUMENT.test(name)) continue;
    const root = parse(xml);
    clean(root, styles, tally, false);
    parts.set(name, new XMLSerializer().serializeToString(root));
  }
  const { default: mammoth } = await import('mammoth');
  const { value } = await mammoth.convertToHtml(
    { buffer: pack(parts) },
    {
      // Linked pictures name files and addresses; a style map inside the document would be instructions of its author.
      externalFileAccess: false,
      includeEmbeddedStyleMap: false,
      styleMap: ["p[style-name='Title'] => h1:fresh"],
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
    },
  );
  return value;
}

const broken = (): DraftError => new DraftError('is no DOCX that can be read, or a broken one: open it in Word and save it anew as .docx');

function textOf(part: Uint8Array): string {
  let xml: string;
  try {
    xml = new TextDecoder('utf-8', { fatal: true }).decode(part);
  } catch {
    throw broken();
  }
  // Office Open XML has no document types (ECMA-376 part 2, 6.2.5), so one is there for its entities.
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) throw broken();
  return xml;
}

function stylesOf(root: DomNode): readonly (readonly [string, Style])[] {
  return elementsOf(root, 'style').map((style) => {
    const inner = (name: string): DomNode | undefined => elementsOf(style, name)[0];
    const runs = inner('rPr');
    return [valueOf(style, 'styleId') ?? '', { name: valueOf(inner('name'), 'val') ?? '', basedOn: valueOf(inner('basedOn'), 'val'), hidden: runs === undefined ? undefined : vanishes(runs) }];
  });
}

function elementsOf(node: DomNode, name: string): readonly DomNode[] {
  return childrenOf(node).filter((child) => child.nodeType === ELEMENT && child.localName === name);
}

function valueOf(node: DomNode | undefined, name: string): string | undefined {
  // Attributes carry the prefix of their namespace, w nearly always; a document with another one reads as unstyled.
  return (node?.getAttribute(`w:${name}`) ?? '') || undefined;
}

/** What formatting says about being hidden. Letters of two points and less are read by programs only. */
function vanishes(runs: DomNode): boolean | undefined {
  const [mark] = elementsOf(runs, 'vanish');
  const size = Number(valueOf(elementsOf(runs, 'sz')[0], 'val') ?? Number.NaN);
  if (size <= 4) return true;
  return mark === undefined ? undefined : !['0', 'false', 'off'].includes(valueOf(mark, 'val') ?? '');
}

function isHiddenBy(id: string | undefined, styles: ReadonlyMap<string, Style>): boolean | undefined {
  const seen = new Set<string>();
  for (let at = id; at !== undefined && !seen.has(at); at = styles.get(at)?.basedOn) {
    seen.add(at);
    const hidden = styles.get(at)?.hidden;
    if (hidden !== undefined) return hidden;
  }
  return undefined;
}

/** Takes away what does not belong into a text, below `node`. `hidden`: the style of the paragraph hides its text. */
function clean(node: DomNode, styles: ReadonlyMap<string, Style>, tally: Tally, hidden: boolean): void {
  let beforeWasHidden = false;
  for (const child of childrenOf(node)) {
    if (child.nodeType !== ELEMENT) continue;
    const is = fateOf(child, styles, hidden);
    if (is === 'hidden') {
      if (hasText(child) && !beforeWasHidden) tally.count('hidden');
      beforeWasHidden ||= hasText(child);
      drop(child);
      continue;
    }
    beforeWasHidden = false;
    if (is === 'kept') {
      if (child.localName === 'ins' && hasText(child)) tally.count('insertion');
      const [formatting] = child.localName === 'p' ? elementsOf(child, 'pPr') : [];
      clean(child, styles, tally, formatting === undefined ? hidden : isHiddenBy(valueOf(elementsOf(formatting, 'pStyle')[0], 'val'), styles) ?? hidden);
    } else if (is !== 'formatting') {
      if (is !== 'unseen' && (is !== 'deletion' || hasText(child))) tally.count(is);
      drop(child);
    }
  }
}

/** By local name: they are unmistakable in a document, whichever edition of the standard it was written to. */
const FATES: ReadonlyMap<string, 'picture' | 'comment' | 'footnote' | 'formula' | 'object' | 'deletion' | 'unseen' | 'formatting'> = new Map([
  ['pic', 'picture'], ['imagedata', 'picture'], ['chart', 'picture'], ['relIds', 'picture'],
  ['commentReference', 'comment'], ['footnoteReference', 'footnote'], ['endnoteReference', 'footnote'],
  ['oMath', 'formula'], ['altChunk', 'object'], ['subDoc', 'object'], ['del', 'deletion'],
  // What was moved stands where it was moved to; of two renderings mammoth reads the second, the fallback.
  ['moveFrom', 'unseen'], ['Choice', 'unseen'],
  ['pPr', 'formatting'], ['rPr', 'formatting'], ['tblPr', 'formatting'], ['tblGrid', 'formatting'], ['trPr', 'formatting'], ['tcPr', 'formatting'], ['sectPr', 'formatting'],
]);

function fateOf(element: DomNode, styles: ReadonlyMap<string, Style>, hidden: boolean): 'kept' | 'hidden' | 'contents' | NonNullable<ReturnType<(typeof FATES)['get']>> {
  const name = element.localName ?? '';
  const [formatting] = elementsOf(element, `${name}Pr`);
  if (name === 'r') {
    const own = formatting === undefined ? undefined : vanishes(formatting) ?? isHiddenBy(valueOf(elementsOf(formatting, 'rStyle')[0], 'val'), styles);
    return own ?? hidden ? 'hidden' : 'kept';
  }
  if (name === 'tr' && formatting !== undefined && elementsOf(formatting, 'del').length > 0) return 'deletion';
  if (name === 'p' && formatting !== undefined) {
    const style = styles.get(valueOf(elementsOf(formatting, 'pStyle')[0], 'val') ?? '')?.name ?? '';
    if (/^toc (?:heading|\d)$/i.test(style)) return 'contents';
  }
  return FATES.get(name) ?? 'kept';
}
