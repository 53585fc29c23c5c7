// HTML to a tree, as parse5 reads it, within limits; each text of it knows where it stands in the source.
import {
  type DefaultTreeAdapterTypes,
  defaultTreeAdapter,
  Parser,
  type ParserOptions,
} from "parse5";
import { addRun, type Run } from "./runs.ts";

export type HtmlNode = DefaultTreeAdapterTypes.Node;
export type HtmlElement = DefaultTreeAdapterTypes.Element;
export type HtmlText = DefaultTreeAdapterTypes.TextNode;
type Types = DefaultTreeAdapterTypes.DefaultTreeAdapterMap;
type Adapter = NonNullable<ParserOptions<Types>["treeAdapter"]>;

export interface HtmlTree {
  readonly root: HtmlNode;
  runsOf(text: HtmlText): readonly Run[];
}

/** Beyond these the parser's time grows with a square, or a little text becomes a lot of elements. */
const limits = {
  elements: 200_000,
  /** Elements that are open at once. Browsers stop at 512, too. */
  depth: 512,
  /** Of one tag. */
  attributes: 10_000,
  /** That tags like a second <body> may add to an element that is there, and such tags: each is compared with all before. */
  adopted: 1000,
  adopting: 10_000,
  /** Children of an element from which one is taken away: a wrongly nested tag moves all of them, one by one. */
  movedFrom: 50_000,
} as const;

/** What the parser is given before the limits are looked at again. */
const chunkLength = 16 * 1024;

class BeyondLimits extends Error {}

/** Undefined where the text is beyond the limits. */
export function htmlTree(source: string): HtmlTree | undefined {
  const runs = new Map<HtmlText, Run[]>();
  const treeAdapter = boundedAdapter(source, runs);
  const parser = new Parser<Types>({ treeAdapter, sourceCodeLocationInfo: true });
  try {
    for (let at = 0; at === 0 || at < source.length; at += chunkLength) {
      const end = at + chunkLength;
      parser.tokenizer.write(source.slice(at, end), end >= source.length);
      if (attributesIn(parser.tokenizer) > limits.attributes) return undefined;
    }
  } catch (error) {
    if (error instanceof BeyondLimits) return undefined;
    throw error;
  }
  return { root: parser.document, runsOf: (text) => runs.get(text) ?? [] };
}

/** Of the tag that the tokenizer is in the middle of; its types hide it. */
function attributesIn(tokenizer: object): number {
  const { currentToken } = tokenizer as { currentToken?: { attrs?: readonly unknown[] } | null };
  return currentToken?.attrs?.length ?? 0;
}

/** Of a character outside the basic plane the parser has already read the first half when it looks where it is. */
function wholeAt(source: string, index: number): number {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(source.slice(index - 1, index + 1))
    ? index - 1
    : index;
}

function boundedAdapter(source: string, runs: Map<HtmlText, Run[]>): Adapter {
  let elements = 0;
  let depth = 0;
  let adopting = 0;
  return {
    ...defaultTreeAdapter,
    createElement(name, namespace, attributes) {
      if (++elements > limits.elements) throw new BeyondLimits();
      return defaultTreeAdapter.createElement(name, namespace, attributes);
    },
    adoptAttributes(recipient, attributes) {
      defaultTreeAdapter.adoptAttributes(recipient, attributes);
      if (++adopting > limits.adopting || recipient.attrs.length > limits.adopted) {
        throw new BeyondLimits();
      }
    },
    onItemPush() {
      if (++depth > limits.depth) throw new BeyondLimits();
    },
    onItemPop() {
      depth--;
    },
    detachNode(node) {
      const siblings = node.parentNode?.childNodes ?? [];
      if (siblings.length > limits.movedFrom) throw new BeyondLimits();
      defaultTreeAdapter.detachNode(node);
    },
    // From the end: what is moved out of a table goes before it, and that is the last or nearly so.
    insertBefore(parent, node, reference) {
      const { childNodes } = parent;
      childNodes.splice(childNodes.lastIndexOf(reference), 0, node);
      node.parentNode = parent;
    },
    insertTextBefore(parent, text, reference) {
      const previous = parent.childNodes[parent.childNodes.lastIndexOf(reference) - 1];
      if (previous && defaultTreeAdapter.isTextNode(previous)) previous.value += text;
      else this.insertBefore(parent, defaultTreeAdapter.createTextNode(text), reference);
    },
    // The parser asks for a text's place, and would stretch it. As it gets none, it gives each token's own.
    getNodeSourceCodeLocation: () => undefined,
    setNodeSourceCodeLocation(node, location) {
      if (!location || !defaultTreeAdapter.isTextNode(node)) return;
      const known = runs.get(node) ?? [];
      // The token ends where the text does by now, and starts where the one before it ended.
      const start = known.at(-1)?.end ?? 0;
      const from = wholeAt(source, location.startOffset);
      const to = wholeAt(source, location.endOffset);
      addRun(known, { start, end: node.value.length, from, to });
      runs.set(node, known);
    },
  };
}
