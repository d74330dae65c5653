/** The code blocks of README.md and docs/, and the rule that finds those that check a token. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { filesUnder, root } from "../../house/_source.ts";

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

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(fence)].map(({ index, 1: indent = "", 2: language = "", 3: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

export const pages = ["README.md", ...filesUnder(join(root, "docs")).map((file) => relative(root, file))].filter(
  (page) => page.endsWith(".md"),
);

/** Outputs, answers and pictures. */
const notCode = ["", "json", "http", "mermaid"];

/** What checks a token: the calls of the libraries of the field, and the paths of this service. */
const checks =
  /jwtVerify|compactVerify|verifyJWT|verifyCredential|jsonwebtoken|jwt[._]verify|jwt\.decode|PyJWKClient|joserfc|authlib|jwt\.Parse|NewParser|ParseWithClaims|keyfunc|go-jose|TokenVerifier|requireBearerAuth|validateJwtAccessToken|tokenIntrospection|\/token\/introspect|verify-delegation|federation\/verify/i;

/** Lines beside the first example of other libraries, no programs. The page says with which version each was tried. */
const pagesOfFragments = ["docs/guides/clients.md"];

/** The blocks that check a token, of all pages with whole programs. */
export const checkingBlocks: readonly Block[] = pages
  .filter((page) => !pagesOfFragments.includes(page))
  .flatMap(blocksOf)
  .filter(({ language, code }) => !notCode.includes(language) && checks.test(code));

/** The name of the file that a block is, which its first line says: `// api.mjs`, `# api.py`. */
export const fileNameOf = ({ code }: Block): string | null =>
  /^(?:\/\/|#) (\S+\.\w+)$/m.exec(code.split("\n")[0] ?? "")?.[1] ?? null;

/** Whether a block is a server. */
export const isServer = ({ code }: Block): boolean => /\.listen\(|\bserve\(|uvicorn\.run\(|ListenAndServe\(/.test(code);

/** Whether the file of a block is imported by another block of its page. */
export const importersOf = (block: Block): Block[] => {
  const name = fileNameOf(block);
  return blocksOf(block.page).filter(({ code }) => name !== null && code.includes(`from "./${name}"`));
};
