/** The pages of docs/ as a reader follows them: their order, and their blocks of code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../wrangler.ts";

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Of its first line of code. */
  readonly line: number;
  /** After the fence; empty for an output. */
  readonly language: string;
  readonly code: string;
}

const fence = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

const textOf = (page: string) => readFileSync(join(root, page), "utf8");

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(fence)].map(({ index, 1: indent = "", 2: language = "", 3: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The guides, in the order in which docs/README.md lists them. */
export function guides(): string[] {
  const links = [...textOf("docs/README.md").matchAll(/\]\((guides\/[\w-]+\.md)\)/g)].map(([, link]) => `docs/${link}`);
  return [...new Set(links)];
}

/** README, quick start and guides: every `sh` block in them runs. One of `console` needs something that no clone has. */
export const followedPages = (): string[] => ["README.md", "docs/quick-start.md", ...guides()];

/** The name of the file that a block is, which its first line says: `// api.mjs`, `# api.py`. */
export const fileNameOf = ({ code }: Block): string | null =>
  /^(?:\/\/|#) (\S+\.\w+)$/m.exec(code.split("\n")[0] ?? "")?.[1] ?? null;

/** The ports of the servers in the docs. */
const printedPorts: readonly string[] = ["3000", "8788", "8790"];

/** The code of a block with these ports in place of the first printed ones: the only change of a block that is run. */
export function atPorts(code: string, ports: readonly number[]): string {
  return code.replaceAll(/\b(3000|8788|8790)\b/g, (printed) => String(ports[printedPorts.indexOf(printed)] ?? printed));
}
