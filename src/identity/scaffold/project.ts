/** The projects: their names and files. */
import { type ProjectFacts, rendered, slugOf } from "./rendering.ts";
import type { ScaffoldLanguage } from "./schema.ts";
import { templates } from "./templates.ts";

export interface Project {
  /** Of its folder, and of the archive without the extension. */
  readonly name: string;
  /** Texts by their path in the folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** The project of an agent. The same facts give the same project. */
export function projectOf(language: ScaffoldLanguage, facts: ProjectFacts): Project {
  const files = Object.entries(templates[language]).map(([path, text]) => [path, rendered(path, text, facts)] as const);
  return { name: `sentryagent-scaffold-${slugOf(facts.email)}-${language}`, files: new Map(files) };
}
