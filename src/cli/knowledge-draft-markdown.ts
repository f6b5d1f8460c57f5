import type { BlockContent, Definition, Heading, List, ListItem, Paragraph, PhrasingContent, Root, RootContent, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { toMarkdown } from 'mdast-util-to-markdown';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { gfmTable } from 'micromark-extension-gfm-table';
import { INVISIBLE } from '../knowledge/check.ts';
import type { Tally } from './knowledge-draft-notes.ts';
import { lineOf } from './knowledge-draft-row.ts';

/** Markdown → the Markdown that an article may have. Built from a list of what is kept, so what is unknown here is left out. */

type Flow = Heading | Paragraph | List;

export interface Body {
  readonly blocks: readonly Flow[];
}

/** `isWritten`: by a person, maybe with tables; not by a converter, which has none and whose every mark is meant. */
export function readBody(markdown: string, isWritten: boolean, tally: Tally): Body {
  const root = isWritten
    ? fromMarkdown(markdown, { extensions: [gfmTable(), gfmStrikethrough()], mdastExtensions: [gfmTableFromMarkdown(), gfmStrikethroughFromMarkdown()] })
    : fromMarkdown(markdown);
  return { blocks: joined(flow(root.children, { definitions: definitionsOf(root), tally })) };
}

export function writeBody({ blocks }: Body): string {
  return toMarkdown({ type: 'root', children: [...blocks] }, { bullet: '-', emphasis: '*', strong: '*', listItemIndent: 'one', resourceLink: true, setext: false });
}

/** What of a heading can be read. */
export function plainOf(nodes: readonly PhrasingContent[]): string {
  return nodes.map((node) => ('children' in node ? plainOf(node.children) : 'value' in node ? node.value : '')).join('').replace(/\s+/g, ' ').trim();
}

interface Context {
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly tally: Tally;
}

function definitionsOf(root: Root): ReadonlyMap<string, Definition> {
  const all = root.children.filter((node) => node.type === 'definition');
  // The first of two counts (CommonMark 0.31.2, 4.7).
  return new Map(all.reverse().map((definition) => [definition.identifier, definition]));
}

function flow(nodes: readonly RootContent[], context: Context): readonly Flow[] {
  return withoutHtml(nodes, context).flatMap((node): readonly Flow[] => {
    switch (node.type) {
      case 'heading': {
        const children = phrasing(node.children.map((child) => (child.type === 'break' ? { type: 'text', value: ' ' } : child)), context);
        return isEmpty(children) ? [] : [{ type: 'heading', depth: 2, children: [{ type: 'text', value: plainOf(children) }] }];
      }
      case 'paragraph':
        return paragraphs(node, context);
      case 'list': {
        const items = node.children.map((item) => itemOf(flow(item.children, context))).filter(({ children }) => children.length > 0);
        return items.length === 0 ? [] : [{ type: 'list', ordered: node.ordered === true, start: node.ordered === true ? (node.start ?? 1) : null, spread: false, children: items }];
      }
      case 'table':
        return tableAsList(node, context);
      case 'blockquote': {
        const inner = flow(node.children, context);
        if (inner.length > 0) context.tally.count('quotation');
        return inner;
      }
      case 'code':
        context.tally.count('code');
        return [];
      case 'definition':
      case 'thematicBreak':
      case 'html':
      case 'yaml':
      case 'footnoteDefinition':
        return [];
      // Never on their own, but for the types.
      case 'break':
      case 'delete':
      case 'emphasis':
      case 'footnoteReference':
      case 'image':
      case 'imageReference':
      case 'inlineCode':
      case 'link':
      case 'linkReference':
      case 'listItem':
      case 'strong':
      case 'tableCell':
      case 'tableRow':
      case 'text':
        return [];
    }
  });
}

/** A line break in a paragraph is where its author meant another one. */
function paragraphs(paragraph: Paragraph, context: Context): readonly Paragraph[] {
  const lines: PhrasingContent[][] = [[]];
  for (const node of withoutHtml(paragraph.children, context)) {
    if (node.type === 'break') lines.push([]);
    else lines.at(-1)?.push(node);
  }
  return lines.map((line): Paragraph => ({ type: 'paragraph', children: trimmed(phrasing(line, context)) })).filter(({ children }) => !isEmpty(children));
}

function itemOf(blocks: readonly Flow[]): ListItem {
  const children = blocks.map((block): BlockContent => (block.type === 'heading' ? { type: 'paragraph', children: block.children } : block));
  return { type: 'listItem', spread: false, children };
}

function tableAsList({ children: rows }: Table, context: Context): readonly Flow[] {
  const text = (value: string): PhrasingContent => ({ type: 'text', value });
  const [header = [], ...rest] = rows.map((row) =>
    row.children.map((cell) => {
      const nodes = trimmed(phrasing(cell.children, context));
      return { nodes, plain: plainOf(nodes) };
    }),
  );
  context.tally.count('table');
  const names = rest.length === 0 ? undefined : header.map(({ plain }) => plain);
  const lines = (rest.length === 0 ? [header] : rest).map((cells) => lineOf(names, cells, text)).filter((line) => line.length > 0);
  const items = lines.map((line) => itemOf([{ type: 'paragraph', children: trimmed(merged(line)) }]));
  return items.length === 0 ? [] : [{ type: 'list', ordered: false, spread: false, children: items }];
}

function phrasing(nodes: readonly PhrasingContent[], context: Context): PhrasingContent[] {
  const { definitions, tally } = context;
  const kept = withoutHtml(nodes, context).flatMap((node): readonly PhrasingContent[] => {
    switch (node.type) {
      case 'text':
        return [{ type: 'text', value: visible(node.value, tally) }];
      case 'inlineCode': {
        const value = visible(node.value, tally).trim();
        return value === '' ? [] : [{ type: 'inlineCode', value }];
      }
      case 'break':
        return [{ type: 'text', value: ' ' }];
      case 'emphasis':
      case 'strong': {
        const children = phrasing(node.children, context);
        return around(children, (inner) => [{ type: node.type, children: inner }]);
      }
      case 'link':
        return around(phrasing(node.children, context), (inner) => linkTo(node.url, inner, tally));
      case 'linkReference':
        return around(phrasing(node.children, context), (inner) => linkTo(definitions.get(node.identifier)?.url ?? '', inner, tally));
      case 'image':
      case 'imageReference':
        tally.count('picture');
        return [];
      case 'delete':
        tally.count('deletion');
        return [];
      case 'html':
      case 'footnoteReference':
        return [];
    }
  });
  return merged(kept);
}

const OWN_LINK = /^[a-z0-9]+(?:-[a-z0-9]+)*\.md$/;

function linkTo(url: string, children: PhrasingContent[], tally: Tally): readonly PhrasingContent[] {
  const address = OWN_LINK.test(url) ? url : addressOf(url);
  if (address !== undefined) return [{ type: 'link', url: address, children }];
  tally.count('link');
  return children;
}

/** Only https, and without a name and password in it. */
function addressOf(url: string): string | undefined {
  if (!URL.canParse(url.trim())) return undefined;
  const { href, password, protocol, username } = new URL(url.trim());
  return protocol === 'https:' && username === '' && password === '' ? href : undefined;
}

/** Blanks at the ends go before and behind the node; nothing else in it, and there is no node. */
function around(children: PhrasingContent[], node: (inner: PhrasingContent[]) => readonly PhrasingContent[]): readonly PhrasingContent[] {
  const blank: PhrasingContent = { type: 'text', value: ' ' };
  if (isEmpty(children)) return children.length === 0 ? [] : [blank];
  const [first] = children;
  const last = children.at(-1);
  return [...(first?.type === 'text' && first.value.startsWith(' ') ? [blank] : []), ...node(trimmed(children)), ...(last?.type === 'text' && last.value.endsWith(' ') ? [blank] : [])];
}

/** Without blanks at the ends. */
function trimmed(nodes: readonly PhrasingContent[]): PhrasingContent[] {
  const last = nodes.length - 1;
  return nodes
    .map((node, index) => {
      if (node.type !== 'text') return node;
      const left = index === 0 ? node.value.trimStart() : node.value;
      return { ...node, value: index === last ? left.trimEnd() : left };
    })
    .filter((node) => node.type !== 'text' || node.value !== '');
}

/** Neighbouring texts as one, without the blanks that what stood between them left behind. */
function merged(nodes: readonly PhrasingContent[]): PhrasingContent[] {
  const result: PhrasingContent[] = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (node.type === 'text' && last?.type === 'text') last.value = (last.value + node.value).replace(/ +/g, ' ');
    else result.push(node.type === 'text' ? { ...node } : node);
  }
  return result.filter((node) => node.type !== 'text' || node.value !== '');
}

function isEmpty(nodes: readonly PhrasingContent[]): boolean {
  return plainOf(nodes) === '';
}

/** In one line, composed, and all of it to be seen. */
function visible(text: string, tally: Tally): string {
  const seen = text.normalize('NFC').replace(new RegExp(INVISIBLE, 'gu'), () => {
    tally.count('invisible');
    return '';
  });
  return seen.replace(/\s+/g, ' ');
}

/** Lists that follow each other are one: Markdown knows no end of a list but a comment. */
function joined(blocks: readonly Flow[]): readonly Flow[] {
  const result: Flow[] = [];
  for (const block of blocks) {
    const last = result.at(-1);
    if (block.type === 'list' && last?.type === 'list' && last.ordered === block.ordered) last.children.push(...block.children);
    else result.push(block);
  }
  return result;
}

const OPENING = /^<([a-z][a-z0-9-]*)([^>]*)>$/i;
const HIDES = /\bhidden\b|display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all/i;

/** Without tags; and without what stands between those of an element that hides, strikes out or runs its content. */
function withoutHtml<Node extends RootContent>(nodes: readonly Node[], { tally }: Context): readonly Node[] {
  const kept: Node[] = [];
  for (let index = 0; index < nodes.length; index += 1) {
    const node = nodes[index];
    if (node?.type !== 'html') {
      if (node !== undefined) kept.push(node);
      continue;
    }
    const [, name = '', attributes = ''] = OPENING.exec(node.value.trim()) ?? [];
    const swallows = HIDES.test(attributes) ? 'hidden' : /^(?:del|s|strike)$/i.test(name) ? 'deletion' : /^script$/i.test(name) ? 'script' : undefined;
    tally.count(swallows ?? kindOf(node.value));
    // Without an end, a browser would hide all that follows.
    if (swallows !== undefined && !attributes.endsWith('/')) index = endOf(nodes, index, name);
  }
  return kept;
}

function kindOf(html: string): 'comment' | 'hidden' | 'html' | 'picture' | 'script' | 'style' {
  if (/^\s*<!--/.test(html)) return 'comment';
  if (/<script\b/i.test(html)) return 'script';
  if (/^\s*<style\b/i.test(html)) return 'style';
  if (/^\s*<img\b/i.test(html)) return 'picture';
  return HIDES.test(html) ? 'hidden' : 'html';
}

/** Where the element ends that begins there; elements of the same name may stand in it. */
function endOf(nodes: readonly RootContent[], from: number, name: string): number {
  const begins = new RegExp(`^\\s*<${name}\\b`, 'i');
  const ends = new RegExp(`</${name}\\s*>\\s*$`, 'i');
  let depth = 1;
  for (let index = from + 1; index < nodes.length; index += 1) {
    const node = nodes[index];
    if (node?.type !== 'html') continue;
    if (begins.test(node.value)) depth += 1;
    if (ends.test(node.value)) depth -= 1;
    if (depth <= 0) return index;
  }
  return nodes.length;
}
