/* eslint-disable @typescript-eslint/consistent-type-imports -- a statement that imports would make these additions to modules that have no types to add to */
/** domino comes without types under this name, and xmldom's bring those of a browser with them. */

declare module '@mixmark-io/domino' {
  const domino: { createDocument(html: string, force?: boolean): import('./knowledge-draft-dom.ts').DomDocument };
  export default domino;
}

declare module '@xmldom/xmldom/lib/index.js' {
  type Report = (message: string) => void;
  export class DOMParser {
    constructor(options: { errorHandler: { warning: Report; error: Report; fatalError: Report } });
    parseFromString(text: string, type: string): import('./knowledge-draft-dom.ts').DomDocument;
  }
  export class XMLSerializer {
    serializeToString(node: import('./knowledge-draft-dom.ts').DomNode): string;
  }
}
