/** As much of a document tree as the conversion touches: domino's of HTML, xmldom's of XML. The compiler's own DOM types are a browser's, and global. */

export interface DomNode {
  /** 1: an element. 3: text. 8: a comment. */
  readonly nodeType: number;
  readonly nodeName: string;
  readonly localName: string | null;
  readonly textContent: string | null;
  readonly childNodes: ArrayLike<DomNode>;
  readonly parentNode: DomNode | null;
  readonly previousSibling: DomNode | null;
  readonly nextSibling: DomNode | null;
  readonly firstChild: DomNode | null;
  readonly lastChild: DomNode | null;
  /** Null on documents, which are never asked. */
  readonly ownerDocument: DomDocument;
  getAttribute(name: string): string | null;
  appendChild(child: DomNode): unknown;
  insertBefore(child: DomNode, before: DomNode | null): unknown;
  removeChild(child: DomNode): unknown;
  cloneNode(deep: boolean): DomNode;
}

export interface DomDocument extends DomNode {
  readonly documentElement: DomNode | null;
  readonly body?: DomNode | null;
  createElement(name: string): DomNode;
  createTextNode(text: string): DomNode;
}

export const ELEMENT = 1;
export const TEXT = 3;
export const COMMENT = 8;

/** A copy, so that they can be taken away while they are gone through. */
export function childrenOf(node: DomNode): readonly DomNode[] {
  return Array.from(node.childNodes);
}

export function drop(node: DomNode): void {
  node.parentNode?.removeChild(node);
}

export function hasText({ textContent }: DomNode): boolean {
  return (textContent ?? '').trim() !== '';
}
