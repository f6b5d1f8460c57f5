import { fromMarkdown } from 'mdast-util-from-markdown';
import { parse as parseYaml } from 'yaml';
import { endMatter, frontMatter, passageHash, sha256, type ArticleText, type Passage } from './article.ts';

/** Markdown with front matter → an article. For authors' tools: Steward itself loads what was built from it. */

export interface ReadArticle {
  readonly article: ArticleText;
  /** Ids of articles that it links to. */
  readonly links: readonly string[];
  /** As the front matter says; what counts is the line in the file of reviews. */
  readonly stated: { readonly reviewer?: string | undefined; readonly reviewed?: string | undefined };
}

/** Everything that is wrong with one file, one plain sentence part each. */
export class ArticleError extends Error {
  override readonly name = 'ArticleError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

type Root = ReturnType<typeof fromMarkdown>;
type Node = Root['children'][number];
type Inline = { readonly type: string; readonly value?: string; readonly url?: string; readonly children?: readonly Inline[] };

const FRONT = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/;
/** In a text of headings, paragraphs and lists nothing else looks like it: right under a line of text it would make a heading of that. */
const END = /^([\s\S]*?\n)\n---\n([\s\S]*)$/;
const MOST_BYTES = 100_000;
/** A longer section is cut at its paragraphs, so that what is cited can be read at a glance. */
const MOST_WORDS = 120;

/** Fails with `ArticleError`. `file` is the name without its folder. */
export function readArticle(file: string, text: string): ReadArticle {
  if (Buffer.byteLength(text) > MOST_BYTES) throw new ArticleError(['is longer than 100,000 bytes: split it']);
  const [, front, rest] = FRONT.exec(text.replaceAll('\r\n', '\n').normalize('NFC')) ?? [];
  if (front === undefined || rest === undefined) throw new ArticleError(['has no front matter: it begins with a line ---, and another one ends it']);
  const [, body = rest, end = ''] = END.exec(rest) ?? [];
  const parsed = frontMatter.safeParse(yamlOf(front, 'front matter'));
  const asked = endMatter.safeParse(yamlOf(end, 'list of questions under the text') ?? {});
  const { found, links, passages } = readBody(body);
  const problems = [...problemsIn(parsed), ...problemsIn(asked), ...found];
  if (!parsed.success || !asked.success) throw new ArticleError(problems);
  const { audience, expires, id, language, owner, reviewed, reviewer, sources, title } = parsed.data;
  const { questions, unanswered } = asked.data;
  if (file !== `${id}.md`) problems.push(`the file of \`${id}\` is called ${id}.md`);
  if (passages.length === 0) problems.push('has no text');
  if (problems.length > 0) throw new ArticleError(problems);
  const own = passages.map((passage): Passage => ({ ...passage, hash: passageHash(id, passage) }));
  return { article: { id, title, language, audience, owner, expires, sources, questions, unanswered, body: sha256(body), passages: own }, links, stated: { reviewer, reviewed } };
}

function problemsIn({ error }: ReturnType<typeof frontMatter.safeParse> | ReturnType<typeof endMatter.safeParse>): readonly string[] {
  return error?.issues.map(({ message, path }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)) ?? [];
}

function yamlOf(text: string, what: string): unknown {
  try {
    return parseYaml(text, { schema: 'core', uniqueKeys: true, maxAliasCount: 0 });
  } catch (error) {
    throw new ArticleError([`its ${what} is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it can’t be read'}`]);
  }
}

interface Body {
  readonly passages: readonly Omit<Passage, 'hash'>[];
  readonly links: readonly string[];
  readonly found: readonly string[];
}

/** Sections become passages. What is neither heading, paragraph nor list is no plain Markdown, and refused. */
function readBody(body: string): Body {
  const sections: { heading: string; blocks: string[] }[] = [{ heading: '', blocks: [] }];
  const links = new Set<string>();
  const problems = new Set<string>();
  const plain = (nodes: readonly Inline[]): string => nodes.map((node) => inlineText(node, links, problems)).join('').replace(/\s+/g, ' ').trim();
  const read = (node: Node): readonly string[] => {
    if (node.type === 'paragraph') return [plain(node.children)];
    if (node.type === 'list') return node.children.map((item) => item.children.flatMap((child) => read(child as Node)).join(' '));
    problems.add(`has ${node.type === 'html' ? 'HTML' : `a ${node.type}`}: only headings, paragraphs and lists are kept`);
    return [];
  };
  for (const node of fromMarkdown(body).children) {
    if (node.type === 'heading') {
      if (node.depth !== 2) problems.add('has a heading that is not ##');
      sections.push({ heading: plain(node.children), blocks: [] });
    } else sections.at(-1)?.blocks.push(...read(node).filter((text) => text !== ''));
  }
  return { passages: sections.flatMap(({ blocks, heading }) => inPieces(blocks).map((text) => ({ heading, text }))), links: [...links], found: [...problems] };
}

function inlineText(node: Inline, links: Set<string>, problems: Set<string>): string {
  const inner = (): string => (node.children ?? []).map((child) => inlineText(child, links, problems)).join('');
  switch (node.type) {
    case 'text':
    case 'inlineCode':
      return node.value ?? '';
    case 'break':
      return ' ';
    case 'emphasis':
    case 'strong':
      return inner();
    case 'link': {
      const target = /^([a-z0-9-]+)\.md$/.exec(node.url ?? '')?.[1];
      if (target !== undefined) links.add(target);
      else if (!/^https:\/\//.test(node.url ?? '')) problems.add('has a link that leads neither to an https address nor to another article (other-id.md)');
      return inner();
    }
    default:
      problems.add(`has ${node.type === 'html' ? 'HTML' : `a ${node.type}`} in its text: only bold, emphasis and links are kept`);
      return '';
  }
}

function inPieces(blocks: readonly string[]): readonly string[] {
  const pieces: string[][] = [];
  let words = 0;
  for (const block of blocks) {
    const more = block.split(' ').length;
    if (pieces.length === 0 || (words > 0 && words + more > MOST_WORDS)) {
      pieces.push([]);
      words = 0;
    }
    pieces.at(-1)?.push(block);
    words += more;
  }
  return pieces.map((piece) => piece.join('\n'));
}
