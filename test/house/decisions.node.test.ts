/** Each record of docs/decisions has the same four parts, is in the list of records, and names folders that exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "docs", "decisions");
const records = readdirSync(folder).filter((name) => name !== "README.md");
const list = readFileSync(join(folder, "README.md"), "utf8");

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = ""]) => found);

describe("docs/decisions", () => {
  it("lists its records, in their order", () => {
    expect(records.length).toBeGreaterThanOrEqual(5);
    expect(all(list, /^\| \[[^\]]+\]\(([^)]+)\) \|/gm)).toEqual(records.toSorted());
  });

  it.each(records)("%s says the context, the decision, what follows and what would change it", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const number = Number(name.slice(0, 4));
    const title = new RegExp(`^# ${number}\\. (.+)\n\nAccepted, \\d{4}-\\d\\d-\\d\\d\\.\n`).exec(text)?.[1] ?? "";
    expect(list).toContain(`| [${number}. ${title}](${name}) |`);
    expect(all(text, /^## (.+)$/gm)).toEqual(["Context", "Decision", "Consequences", "What would change it"]);
    expect(all(text, /`((?:src|test)\/[\w./-]+)`/g).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
