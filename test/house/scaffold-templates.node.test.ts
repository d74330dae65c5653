/** The templates of the starter projects, and the module that carries them. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { packedModule, packedPath } from "../../scripts/scaffold-pack.ts";
import { published } from "../../src/identity/scaffold/published.ts";
import { templates } from "../../src/identity/scaffold/templates.ts";

const languages = Object.entries(templates);

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
  expect(files[".gitignore"]).toMatch(/^\.env\n/);
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

it.each(languages)("%s: one comment says that there is no SDK, as long as there is none", (language, files) => {
  const saying = Object.values(files).flatMap((text) => text.match(/plain HTTP/gi) ?? []);
  expect(saying).toHaveLength(published[language as keyof typeof published] ? 0 : 1);
});
