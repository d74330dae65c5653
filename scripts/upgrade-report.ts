/** `npm run upgrade:report`: what must be registered and granted before an upgrade from version 0.1.0, see docs/upgrade.md. */
import { Advice, giveUp } from "./advice.ts";
import { readExport } from "./upgrade/export.ts";
import { type Agent, type Findings, findingsIn, type Issued, isCapability } from "./upgrade/findings.ts";

const usage = "npm run upgrade:report -- agentidp-2026-11-30.sql https://idp.example.com";

const named = ({ id, email, slug }: Agent) => `${id} ${email} (${slug})`;
const unique = (texts: readonly string[]) => [...new Set(texts)].sort();
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The tokens by agent: each agent once, with the scopes of all of them. */
function byAgent(issued: readonly Issued[], counts: (scope: string) => boolean): readonly string[] {
  const groups = Map.groupBy(issued, ({ agent }) => agent);
  return [...groups].flatMap(([agent, tokens]) => {
    const scopes = unique(tokens.flatMap((token) => token.scopes)).filter(counts);
    return scopes.length === 0 ? [] : [`- ${named(agent)}: ${scopes.join(" ")}`];
  });
}

/** What prevents that an audience is registered as it is; the service checks all of its rules. */
function obstacleOf(audience: string): string | null {
  if (/^https:\/\/[^/?#@]+[^?#]*$/.test(audience) || audience.startsWith("urn:agentidp:")) return null;
  return "It is no identifier of a resource: register another, and change the API and its clients.";
}

function resourceSection(audience: string, issued: readonly Issued[]): readonly string[] {
  const slugs = unique(issued.map(({ agent }) => agent.slug));
  const scopes = unique(issued.flatMap((token) => token.scopes).filter(isCapability));
  const obstacle = obstacleOf(audience);
  return [
    `### ${audience}`,
    "",
    ...(obstacle === null ? [] : [obstacle]),
    slugs.length === 1
      ? `Organization: ${slugs[0]}`
      : `Organizations: ${slugs.join(", ")}. One registers it and names the others in allowedOrganizations.`,
    `Scopes: ${scopes.join(" ") || "none: no token with a capability; the upgraded service issues none without one"}`,
    "Agents, each with the capabilities that it must keep:",
    ...byAgent(issued, isCapability),
    "",
  ];
}

const section = (title: string, text: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`## ${title}`, "", text, "", ...lines, ...(lines.at(-1) === "" ? [] : [""])];

/** SQL, because version 0.1.0 does not know the scope. */
function grantOf(agents: readonly Agent[]): readonly string[] {
  if (agents.length === 0) return [];
  const ids = agents.map(({ id }) => `  '${id.replaceAll("'", "''")}'`).join(",\n");
  return [
    "",
    "```sql",
    "UPDATE agents SET granted_scopes = json_insert(granted_scopes, '$[#]', 'delegations:write')",
    `WHERE id IN (\n${ids})`,
    "  AND NOT EXISTS (SELECT 1 FROM json_each(granted_scopes) WHERE value = 'delegations:write');",
    "```",
  ];
}

/** The report, in Markdown. `issuer`: the origin of the service, whose tokens need no resource. */
export function reportOf({ tokens, firstMs, lastMs, issued, delegators, agents }: Findings, issuer: string): string {
  const isIssuer = (audience: string) => audience.replace(/\/$/, "") === issuer;
  const audiences = unique(issued.flatMap((token) => token.audiences).filter((audience) => !isIssuer(audience)));
  const forAudience = (audience: string) => issued.filter((token) => token.audiences.includes(audience));
  const toGrant = delegators.filter(({ grantedScopes }) => !grantedScopes.includes("delegations:write"));
  const lines = [
    "# Upgrade report",
    "",
    firstMs === null || lastMs === null
      ? "The log has no token of an agent that exists."
      : `Tokens in the log: ${tokens}, from ${dateOf(firstMs)} to ${dateOf(lastMs)}.`,
    "",
    ...section(
      "Resources to register",
      `Audiences of tokens other than ${issuer}. A token request for one that is not registered is refused (invalid_target).`,
      audiences.flatMap((audience) => resourceSection(audience, forAudience(audience))),
    ),
    ...section(
      "Agents that need delegations:write",
      "They have delegated. Check each, then run the SQL after the migrations and before the service starts.",
      [...toGrant.map((agent) => `- ${named(agent)}`), ...grantOf(toGrant)],
    ),
    ...section(
      "Clients that must send resource",
      `Their tokens for ${issuer} carried capabilities. Without resource a token carries none.`,
      byAgent(
        issued.filter((token) => token.audiences.some(isIssuer)),
        isCapability,
      ),
    ),
    ...section(
      "Clients that must request a second token",
      "Their tokens for another audience carried scopes of this service. Only tokens without resource carry those.",
      byAgent(
        issued.filter((token) => !token.audiences.every(isIssuer)),
        (scope) => !isCapability(scope),
      ),
    ),
    ...section(
      "Clients whose tokens had several audiences",
      "Each token is for one. Request one token for each API.",
      unique(issued.filter((token) => token.audiences.length > 1).map(({ agent }) => `- ${named(agent)}`)),
    ),
    ...section(
      "Agents that lose admin:orgs",
      "They are no admins, and the migration takes it away. Make those admins first that need it.",
      agents
        .filter(({ role, grantedScopes }) => role !== "admin" && grantedScopes.includes("admin:orgs"))
        .map((agent) => `- ${named(agent)}`),
    ),
    ...section(
      "Capabilities that no token carries any more",
      "Their names are reserved for scopes of this service. Rename them.",
      agents.flatMap((agent) => {
        const lost = agent.capabilities.filter((capability) => !isCapability(capability));
        return lost.length === 0 ? [] : [`- ${named(agent)}: ${lost.join(" ")}`];
      }),
    ),
  ];
  return lines.join("\n").trimEnd();
}

async function main([path, issuer]: readonly string[]): Promise<void> {
  if (path === undefined || issuer === undefined || !URL.canParse(issuer)) {
    throw new Advice(`Name the export of the database and the issuer:\n${usage}`);
  }
  console.log(reportOf(findingsIn(await readExport(path)), new URL(issuer).origin));
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch(giveUp);
}
