/** A tree as HTML text. */
import type { Node } from "./browser/tree.ts";

/** Escapes a text for HTML and XML, between tags or in a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The HTML of nodes, without white space between them. */
export function htmlOf(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      if (typeof node === "string") return escaped(node);
      const attributes = Object.entries(node.attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
      return `<${node.tag}${attributes.join("")}>${htmlOf(node.children)}</${node.tag}>`;
    })
    .join("");
}
