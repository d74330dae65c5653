/** The projects: their names and files. */
import { published } from "./published.ts";
import { type ProjectFacts, rendered, slugOf } from "./rendering.ts";
import type { ScaffoldLanguage } from "./schema.ts";
import { sdkTemplates, templates } from "./templates.ts";

export interface Project {
  /** Of its folder, and of the archive without the extension. */
  readonly name: string;
  /** Texts by their path in the folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** The files that can be the same with an SDK and without: a template with an SDK has its own where they are not. */
const sharedFiles = [
  ".dockerignore",
  ".env.example",
  ".gitignore",
  ".github/workflows/ci.yml",
  "Dockerfile",
  "src/settings.rs",
];

/** The files of a language's template: those with the SDK where it is published and there is such a template. */
function templateOf(language: ScaffoldLanguage, sdkVersion: string | null): Readonly<Record<string, string>> {
  const [plain, withSdk] = [templates[language], sdkTemplates[language]];
  if (sdkVersion === null || !withSdk) return plain;
  const shared = Object.entries(plain).filter(([path]) => sharedFiles.includes(path));
  return { ...Object.fromEntries(shared), ...withSdk };
}

/**
 * The project of an agent. The same facts give the same project.
 *
 * @param sdkVersion the version of the SDK that it uses; null for plain HTTP
 */
export function projectOf(
  language: ScaffoldLanguage,
  facts: Omit<ProjectFacts, "sdkVersion">,
  sdkVersion: string | null = published[language],
): Project {
  const values = { ...facts, sdkVersion: sdkVersion ?? undefined };
  const template = templateOf(language, sdkVersion);
  const files = Object.entries(template).map(([path, text]) => [path, rendered(path, text, values)] as const);
  return { name: `sentryagent-scaffold-${slugOf(facts.email)}-${language}`, files: new Map(files) };
}
