/** The blocks of README.md and docs/ that check a token. */
import { join, relative } from "node:path";
import { type Block, blocksOf, fileNameOf } from "../../../scripts/docs/pages.ts";
import { filesUnder, root } from "../../house/_source.ts";

export { type Block, blocksOf, fileNameOf };

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

/** Whether a block is a server. */
export const isServer = ({ code }: Block): boolean => /\.listen\(|\bserve\(|uvicorn\.run\(|ListenAndServe\(/.test(code);

/** Whether the file of a block is imported by another block of its page. */
export const importersOf = (block: Block): Block[] => {
  const name = fileNameOf(block);
  return blocksOf(block.page).filter(({ code }) => name !== null && code.includes(`from "./${name}"`));
};
