/** The archives as other programs see them, and what texts of an agent can do to them: nothing. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { archiveOf } from "../../../src/identity/scaffold/archive.ts";
import { projectOf } from "../../../src/identity/scaffold/project.ts";
import { slugOf } from "../../../src/identity/scaffold/rendering.ts";
import { templates } from "../../../src/identity/scaffold/templates.ts";

const languages = Object.keys(templates) as (keyof typeof templates)[];
const facts = {
  agentId: "01a20135-569e-763e-9ac5-85790156016c",
  email: "screener-01@acme.example",
  owner: "talent-team",
  description: null,
  issuer: "https://idp.example.com",
};

const hasUnzip = spawnSync("unzip", ["-v"]).status === 0;
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe.skipIf(!hasUnzip)("unzip", () => {
  it.each(languages)("%s: finds no error, one folder, and files that all can read from 1980", (language) => {
    const path = join(mkdtempSync(join(tmpdir(), "scaffold-")), "project.zip");
    writeFileSync(path, archiveOf(projectOf(language, facts)));
    expect(execFileSync("unzip", ["-t", path], { encoding: "utf8" })).toContain("No errors detected");
    const lines = execFileSync("unzip", ["-Z", path], { encoding: "utf8" }).trim().split("\n").slice(2, -1);
    expect(lines.length).toBe(Object.keys(templates[language]).length);
    const folder = `sentryagent-scaffold-screener-01-${language}/`;
    for (const line of lines) {
      expect(line).toMatch(/^-rw-r--r-- .* unx .* def[XN] 80-Jan-01 00:00 /);
      expect(line.slice(line.lastIndexOf(" ") + 1).startsWith(folder), line).toBe(true);
    }
    const paths = lines.map((line) => line.slice(line.lastIndexOf(" ") + 1));
    expect(paths).toEqual(paths.toSorted());
  });
});

it("the bytes are the same in every time zone", () => {
  const module = (name: string) =>
    JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../../src/identity/scaffold", name)).href);
  const program = `import { createHash } from "node:crypto";
    import { archiveOf } from ${module("archive.ts")};
    import { projectOf } from ${module("project.ts")};
    for (const language of ${JSON.stringify(languages)})
      console.log(createHash("sha256").update(archiveOf(projectOf(language, ${JSON.stringify(facts)}))).digest("hex"));`;
  const own = languages.map((language) => digestOf(archiveOf(projectOf(language, facts))));
  for (const TZ of ["UTC", "Asia/Tokyo", "America/St_Johns"]) {
    const options = { encoding: "utf8", env: { ...process.env, TZ } } as const;
    const output = execFileSync(process.execPath, ["--input-type=module", "--no-warnings", "-e", program], options);
    expect(output.trim().split("\n"), TZ).toEqual(own);
  }
});

describe("texts of an agent", () => {
  const rendered = [".env.example", "README.md", "package.json", "pyproject.toml", "go.mod", "pom.xml", "Cargo.toml"];
  const nasty = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        "`",
        '"',
        "'",
        "\\",
        "${",
        "}",
        "{{",
        "}}",
        "../",
        "\r\n",
        "\n",
        "|",
        "<",
        "]]>",
        "🦊",
        "$&",
        "\u202e",
      ),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
    ),
    maxLength: 60,
  });

  it("reach three files, and cannot add a line to them or a placeholder", () => {
    const linesOf = (text = "") => text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).length;
    const harmless = languages.map((language) => projectOf(language, facts).files);
    fc.assert(
      fc.property(nasty, nasty, nasty, (local, owner, description) => {
        for (const [index, language] of languages.entries()) {
          const { name, files } = projectOf(language, { ...facts, email: `${local}@acme.example`, owner, description });
          expect(name).toMatch(/^sentryagent-scaffold-[a-z0-9]+(-[a-z0-9]+)*$/);
          const others = harmless[index];
          expect([...files.keys()]).toEqual([...(others?.keys() ?? [])]);
          for (const [path, text] of files) {
            if (!rendered.includes(path)) expect(text, path).toBe(others?.get(path));
            expect(linesOf(text), path).toBe(linesOf(others?.get(path)));
          }
          expect(files.get(".env.example")).toBe(others?.get(".env.example"));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("are shown in the README, and are no Markdown there", () => {
    const description = "`rm -rf ~` $\u007bHOME} {{agentId}}\r\n# Heading\u2028<b>![x](y)</b> | a_b *c* & \\ 🦊\u202e";
    const { files } = projectOf("python", { ...facts, owner: "../../x", description });
    expect(files.get("README.md")).toContain(
      "- Owner: ../../x\n- Description: \\`rm -rf \\~\\` \\$\\{HOME\\} \\{\\{agentId\\}\\} \\# Heading " +
        "\\<b\\>\\!\\[x\\](y)\\</b\\> \\| a\\_b \\*c\\* \\& \\\\ 🦊\n",
    );
    expect(projectOf("python", facts).files.get("README.md")).toContain("- Description: none\n");
  });

  it.each([
    ["Screener.01@acme.example", "screener-01"],
    ["--a__b++c--@acme.example", "a-b-c"],
    ["ünïcode@acme.example", "n-code"],
    ["___@acme.example", "agent"],
    ['"a@b"@acme.example', "a-b"],
    [`${"a".repeat(39)}.bcd@acme.example`, "a".repeat(39)],
    [`${"ab-".repeat(80)}@acme.example`, "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"],
  ])("%s has the name %s", (email, slug) => {
    expect(slugOf(email)).toBe(slug);
  });

  it.each([
    ["1st", '"name": "agent-1st"'],
    ["con", '"name": "agent-con"'],
    ["second", '"name": "second"'],
  ])("%s: a name that build tools accept", (local, line) => {
    const { files } = projectOf("typescript", { ...facts, email: `${local}@acme.example` });
    expect(files.get("package.json")).toContain(line);
  });
});
