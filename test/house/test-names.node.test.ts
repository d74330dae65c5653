/** One scheme of names under `test/`. What a file proves, and whether it has tests at all, shows in a listing. */
import { basename, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, root } from "./_source.ts";

/** Folders without tests; every module there is a helper. */
const withoutTests = /^test\/(support|failures\/(support|scenarios)|[a-z/-]+\/corpus)\//;

/** `<verb-or-subject>[.<status>][.node].test.ts`; `4xx` stands for several statuses of one class. */
const testName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.([1-5]\d\d|[45]xx))?(\.node)?\.test\.ts$/;
const helperName = /^_[a-z][a-z0-9]*(-[a-z0-9]+)*\.(ts|js)$/;

const isModule = (path: string) => /\.(ts|js|mjs)$/.test(path);
const paths = filesUnder(`${root}/test`).map((file) => relative(root, file).split(sep).join("/"));
const modules = paths.filter(isModule);

const misnamed = (files: readonly string[]) =>
  files.filter((path) => {
    const name = basename(path);
    if (withoutTests.test(path)) return name.startsWith("_") || name.endsWith(".test.ts");
    return !testName.test(name) && !helperName.test(name);
  });

describe("names of test modules", () => {
  it("are those of a test or of a helper", () => {
    expect(modules.length).toBeGreaterThan(300);
    expect(misnamed(modules)).toEqual([]);
  });

  it.each([
    "test/keys/direct.ts",
    "test/keys/_Direct.ts",
    "test/keys/_rotate.test.ts",
    "test/keys/rotate.200.node.ts",
    "test/keys/rotate.types.test.ts",
    "test/keys/rotate.node.200.test.ts",
    "test/keys/rotate.spec.ts",
    "test/support/api.test.ts",
    "test/support/_api.ts",
  ])("%s is none", (path) => {
    expect(misnamed([path])).toEqual([path]);
  });
});
