/** The templates of the starter projects, and the module that carries them. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { packedModule, packedPath } from "../../scripts/scaffold-pack.ts";
import { projectOf } from "../../src/identity/scaffold/project.ts";
import { published } from "../../src/identity/scaffold/published.ts";
import { sdkTemplates, templates } from "../../src/identity/scaffold/templates.ts";
import { scaffoldLanguages } from "../../src/platform/telemetry/catalogue.ts";

/** The files of a project, with what stands for the values of an agent. */
function filesOf(language: (typeof scaffoldLanguages)[number], sdkVersion: string | null): Record<string, string> {
  const facts = { agentId: "{{agentId}}", email: "a@example.com", owner: "o", description: null, issuer: "{{issuer}}" };
  return Object.fromEntries(projectOf(language, facts, sdkVersion).files);
}

/** Both forms of each language: by plain HTTP, and with its SDK. */
const languages = [
  ...Object.entries(templates),
  ...scaffoldLanguages.flatMap((language) =>
    sdkTemplates[language] ? [[`${language} with its SDK`, filesOf(language, "1.2.3")] as const] : [],
  ),
];

it("templates.ts is made of the templates: `npm run scaffold:pack`", async () => {
  expect(await readFile(packedPath, "utf8")).toBe(packedModule());
});

it("all templates add at most 40 KiB to the Worker, as gzip has them", async () => {
  const bytes = gzipSync(await readFile(packedPath), { level: 9 }).length;
  console.log(`${bytes} bytes`);
  expect(bytes).toBeLessThanOrEqual(40 * 1024);
});

it.each(languages)("%s has what every project has", (_language, files) => {
  const paths = Object.keys(files);
  expect(paths).toEqual(
    expect.arrayContaining([".env.example", ".gitignore", ".github/workflows/ci.yml", "Dockerfile", "README.md"]),
  );
  expect(files[".gitignore"]).toMatch(/^\.env\n\.env\.\*\n!\.env\.example\n/);
  for (const name of ["agent", "delegate", "webhook"])
    expect(
      paths.some((path) => new RegExp(`(^|/)${name}\\w*\\.\\w+$`, "i").test(path)),
      name,
    ).toBe(true);
  for (const path of paths) expect(path).toMatch(/^(?!.*\.\.)[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/);
});

it.each(languages)("%s: an image has no file of secrets, and no rights", (_language, files) => {
  expect(files[".dockerignore"]).toMatch(/^\.env\n/);
  expect(files.Dockerfile).toMatch(/^USER (?!root)/m);
});

it.each(languages)("%s: the workflow exchanges the job's own token and has no secret", (_language, files) => {
  const workflow = files[".github/workflows/ci.yml"];
  expect(workflow).toContain("id-token: write");
  expect(workflow).toContain("/oidc/token");
  expect(workflow).not.toContain("secrets.");
});

it.each(languages)("%s: .env.example has the settings of every language, and no secret", (_language, files) => {
  const settings = Object.fromEntries(
    [...(files[".env.example"] ?? "").matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  expect(settings).toEqual({
    AGENTIDP_API_URL: "{{issuer}}",
    AGENTIDP_CLIENT_ID: "{{agentId}}",
    AGENTIDP_CLIENT_SECRET: "",
    DELEGATEE_CLIENT_ID: "",
    DELEGATEE_CLIENT_SECRET: "",
    WEBHOOK_SECRET: "",
    PORT: "8790",
  });
});

it.each(languages)("%s: five steps, each with a command", (_language, files) => {
  const [, steps = ""] = (files["README.md"] ?? "").split("## Start\n");
  const [start = ""] = steps.split("\n## ");
  expect(start.match(/^\d\. /gm)).toEqual(["1. ", "2. ", "3. ", "4. ", "5. "]);
  expect(start.match(/^ +```sh$/gm)).toHaveLength(5);
});

it.each(scaffoldLanguages)("%s: one comment says that there is no SDK, as long as there is none", (language) => {
  const sayingIn = (version: string | null) =>
    Object.values(filesOf(language, version)).flatMap((text) => text.match(/plain HTTP/gi) ?? []);
  expect(sayingIn(null)).toHaveLength(1);
  expect(sayingIn(published[language])).toHaveLength(published[language] === null ? 1 : 0);
  if (sdkTemplates[language]) expect(sayingIn("1.2.3")).toHaveLength(0);
});

it("a project with an SDK names its version", () => {
  const { dependencies } = JSON.parse(filesOf("typescript", "1.2.3")["package.json"] ?? "{}");
  expect(dependencies).toEqual({ "@sentryagent/idp-sdk": "^1.2.3" });
  expect(filesOf("rust", "1.2.3")["Cargo.toml"]).toContain('sentryagent-idp = "1.2.3"\n');
});
