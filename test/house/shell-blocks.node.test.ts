/** The commands of README.md, the quick start and the guides, as they are printed. Other tests run them. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Block, blocksOf, followedPages, guides } from "../../scripts/docs/pages.ts";
import { root } from "./_source.ts";

const blocks = followedPages().flatMap(blocksOf);
const commands = blocks.filter(({ language }) => language === "sh");
const at = ({ page, line }: Block) => `${page}:${line}`;
const firstLine = ({ code }: Block) => code.split("\n")[0];

it("docs/README.md lists every guide", () => {
  const files = readdirSync(join(root, "docs", "guides")).map((name) => `docs/guides/${name}`);
  expect(guides().sort()).toEqual(files.sort());
});

it("no other language is one of a shell", () => {
  const shells = blocks.filter(({ language }) => /^(bash|shell|zsh|shellsession)$/.test(language));
  expect(shells.map(at)).toEqual([]);
});

it("what no test runs needs something that a clone does not have", () => {
  const others = blocks.filter(({ language }) => language === "console");
  expect(others.map((block) => `${block.page}: ${firstLine(block)}`)).toEqual([
    // They take minutes, and the tests are one of them.
    "README.md: npm run tour      # shows tokens, an API of your own, delegation and webhooks, with every request and answer",
    // GitHub's account, a cluster.
    "docs/guides/github-actions.md: gh api repos/acme/resumes --jq '{repositoryId: .id, repositoryOwnerId: .owner.id}'",
    "docs/guides/workload-identity.md: kubectl get --raw /.well-known/openid-configuration | jq -r .issuer",
    // https. test/interop/snippets.node.test.ts runs it.
    'docs/guides/resolve-a-did.md: node --input-type=module - "$AGENT_DID" "$STATEMENT" <<\'SCRIPT\'',
    // An account at Stripe, and a deployed service.
    'docs/guides/manage-api-tiers.md: curl -sS "$AGENTIDP_API_URL/api/v1/tiers/upgrade" -H "Authorization: Bearer $ADMIN_TOKEN" \\',
    'docs/guides/manage-api-tiers.md: curl -sS -X POST "$AGENTIDP_API_URL/api/v1/billing/portal" -H "Authorization: Bearer $ADMIN_TOKEN" | pretty',
    "docs/guides/manage-api-tiers.md: npx wrangler secret put STRIPE_SECRET_KEY -c wrangler.production.toml",
  ]);
});

/** A guide may have no command at all. */
const withCommands = guides().filter((page) => commands.some((block) => block.page === page));

describe.each(withCommands)("%s", (page) => {
  const own = commands.filter((block) => block.page === page);

  it("begins with the admin and the functions, so that it needs no other guide", () => {
    expect(own[0]?.code).toMatch(/^\. docs\/shell\.sh\n/);
  });

  it("changes none of the variables that every page uses", () => {
    const shared = /^\s*(?:export )?(ADMIN_TOKEN|AGENT_ID|AGENTIDP_\w+)=\S*$|^\s*(ADMIN_TOKEN|AGENT_ID)=/gm;
    expect(own.filter(({ code }) => code.match(shared)).map(at)).toEqual([]);
  });
});

it("has no placeholder to fill in", () => {
  const placeholder = /<[a-z][\w ]*>|='the |\byour-|YOUR_|\bTODO\b|…/i;
  expect(commands.filter(({ code }) => placeholder.test(code)).map(at)).toEqual([]);
});

it("curl fails with the answer, except where the refusal is what the page shows", () => {
  const calls = commands.flatMap((block) =>
    block.code
      .replaceAll("\\\n", " ")
      .split("\n")
      .filter((line) => /\bcurl /.test(line) && !/curl -sS? --fail-with-body/.test(line))
      .map((line) => `${block.page}: ${line.trim().replaceAll(/ +/g, " ").slice(0, 70)}`),
  );
  expect(calls).toEqual([
    "docs/quick-start.md: curl -sS http://localhost:3000/resumes",
    'docs/quick-start.md: curl -sS http://localhost:3000/resumes -H "Authorization: Bearer $ADMI',
    'docs/quick-start.md: curl -sS http://localhost:3000/resumes -H "Authorization: Bearer $WRIT',
    'docs/quick-start.md: curl -sS "$AGENTIDP_API_URL/api/v1/token" -u "$AGENT_ID:$AGENT_SECRET"',
    'docs/guides/organizations.md: curl -sS -X DELETE "$AGENTIDP_API_URL/api/v1/agents/$SECOND_ID" -H "Au',
    'docs/guides/organizations.md: curl -sS "$AGENTIDP_API_URL/api/v1/audit/verify" -H "Authorization: Be',
    "docs/guides/mcp-server.md: curl -sS --retry 5 --retry-connrefused -D - -o /dev/null -X POST http:",
    'docs/guides/a2a-delegation.md: curl -sS "$AGENTIDP_API_URL/api/v1/token" -u "$SCREENER_ID:$SCREENER_S',
  ]);
});

describe("docs/shell.sh", () => {
  const field = (answer: string, name: string) => {
    const code = `set -e; eval "$(sed -n '/^field() {/,/^}/p' docs/shell.sh)"; printf %s "$1" | field "$2"`;
    const { status, stdout, stderr } = spawnSync("sh", ["-c", code, "sh", answer, name], {
      cwd: root,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it("field prints a member of an answer", () => {
    expect(field('{ "agentId": "a-1", "count": 0 }', "agentId")).toEqual({ status: 0, stdout: "a-1\n", stderr: "" });
    expect(field('{ "agentId": "a-1", "count": 0 }', "count")).toMatchObject({ status: 0, stdout: "0\n" });
  });

  it.each([['{"code":"UNAUTHORIZED","message":"No."}'], ["a page of a proxy"], [""], ["null"]])(
    "field prints the answer %s and fails",
    (answer) => {
      expect(field(answer, "access_token")).toEqual({
        status: 1,
        stdout: "",
        stderr: `The answer has no access_token: ${answer}\n`,
      });
    },
  );
});
