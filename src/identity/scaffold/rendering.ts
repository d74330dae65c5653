/** The values of an agent in the files of its project. No value gets into code. */

/** Everything that a project says about its agent and the service. */
export interface ProjectFacts {
  readonly agentId: string;
  readonly email: string;
  readonly owner: string;
  readonly description: string | null;
  readonly issuer: string;
  /** The version of the SDK that the project uses. Unset: it uses none. */
  readonly sdkVersion?: string | undefined;
}

/** The name of an agent in names of files: of its e-mail the part before the `@`. */
export function slugOf(email: string): string {
  const local = email.slice(0, Math.max(0, email.lastIndexOf("@")));
  const trimmed = (text: string) => text.replace(/^-+|-+$/g, "");
  const plain = trimmed(local.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
  return trimmed(plain.slice(0, 40)) || "agent";
}

/** Names of devices in Windows, where no Go module may have such a name. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** The name of a project: the slug, and `agent-` before it where a build tool refuses the slug. Cargo refuses a digit at the front. */
const projectNameOf = (slug: string): string => (/^\d/.test(slug) || device.test(slug) ? `agent-${slug}` : slug);

/** Marks of the direction of text, which can make a line look like another one. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text as one line of Markdown that shows it and does nothing else. */
const inMarkdown = (text: string): string =>
  text
    .replace(directions, "")
    .replace(/[\s\u0085]+/g, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>#|~&!$]/g, "\\$&");

const manifests = ["package.json", "pyproject.toml", "go.mod", "pom.xml", "Cargo.toml"];

/** The placeholders that a file has, with their values; none for a file that is taken as it is. */
function valuesFor(path: string, facts: ProjectFacts): Readonly<Record<string, string>> {
  const { agentId, email, owner, description, issuer, sdkVersion = "" } = facts;
  const name = projectNameOf(slugOf(email));
  if (manifests.includes(path)) return { name, sdkVersion };
  if (path === ".env.example") return { agentId, issuer };
  if (path !== "README.md") return {};
  return {
    name,
    agentId,
    issuer,
    email: inMarkdown(email),
    owner: inMarkdown(owner),
    description: inMarkdown(description ?? "none"),
  };
}

/** A file of a template with the values of an agent. Each placeholder is replaced once: a value is never searched for others. */
export function rendered(path: string, template: string, facts: ProjectFacts): string {
  const values = valuesFor(path, facts);
  return template.replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
