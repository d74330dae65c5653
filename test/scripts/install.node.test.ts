/** `scripts/install.mjs`, with the real npm and one small package in place of the dependencies: `node`, made by its install script. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "install-"));
const project = join(directory, "project");
const at = (...path: string[]) => join(project, ...path);
const json = (value: unknown) => JSON.stringify(value, null, 2);

const nodePackage = {
  name: "node",
  version: "1.0.0",
  bin: { node: "bin/node" },
  scripts: { preinstall: "node make.cjs" },
};
/** Stands for the Node that the package fetches. */
const make = `const fs = require("node:fs");
fs.mkdirSync("bin");
fs.writeFileSync("bin/node", ${JSON.stringify(`#!/bin/sh\nexec '${process.execPath}' "$@"\n`)}, { mode: 0o755 });`;

beforeAll(() => {
  mkdirSync(join(directory, "package"));
  mkdirSync(at("scripts"), { recursive: true });
  writeFileSync(join(directory, "package", "package.json"), json(nodePackage));
  writeFileSync(join(directory, "package", "make.cjs"), make);
  execFileSync("tar", ["-czf", at("node.tgz"), "package"], { cwd: directory });
  cpSync(join(root, "scripts", "install.mjs"), at("scripts", "install.mjs"));
  const devDependencies = { node: "file:node.tgz" };
  const scripts = {
    prestart: "node scripts/install.mjs",
    start: "node scripts/install.mjs && node -p \"'runs with ' + fs.existsSync('node_modules/.bin/node')\"",
  };
  const start = { name: "a", version: "1.0.0", private: true, scripts, devDependencies, allowScripts: { node: true } };
  writeFileSync(at("package.json"), json(start));
  const locked = {
    version: "1.0.0",
    resolved: "file:node.tgz",
    dev: true,
    hasInstallScript: true,
    bin: nodePackage.bin,
  };
  const packages = { "": { name: "a", version: "1.0.0", devDependencies }, "node_modules/node": locked };
  writeFileSync(at("package-lock.json"), json({ name: "a", version: "1.0.0", lockfileVersion: 3, packages }));
});

beforeEach(() => rmSync(at("node_modules"), { recursive: true, force: true }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs npm as a shell of the user does: without what the npm of this test run has set. */
function npm(parameters: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const clean = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|NODE_OPTIONS$|VITEST)/i.test(name));
  const env = { ...Object.fromEntries(clean), npm_config_cache: join(directory, "cache"), ...settings };
  const { status, stdout, stderr } = spawnSync("npm", parameters, { cwd: project, env, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const runs = { status: 0, output: expect.stringContaining("runs with true") };

describe("npm start installs and starts", () => {
  it.each([
    ["NODE_ENV is production", { NODE_ENV: "production" }],
    ["npm omits dev", { npm_config_omit: "dev" }],
    ["npm cannot write its cache, because HOME cannot be written", { npm_config_cache: "/dev/null/home/.npm" }],
  ])("where %s", (_, settings) => {
    expect(npm(["start"], settings)).toEqual(runs);
    expect(existsSync(at(".local", "npm-cache"))).toBe(false);
  });
});

it("where npm ignores scripts, it names the command that installs them, and that command is right", () => {
  const settings = { npm_config_ignore_scripts: "true" };
  const { status, output } = npm(["start"], settings);
  expect(status).toBe(1);
  const command = /^ {2}npm (ci .*)$/m.exec(output)?.[1] ?? "";
  expect(command).toBe("ci --include=dev --include=optional --ignore-scripts=false");
  expect(existsSync(at("node_modules"))).toBe(false);
  expect(npm(command.split(" "), settings).status).toBe(0);
  expect(npm(["start"], settings)).toEqual(runs);
});

it("installs a package of its own below the checkout, once, and leaves the project alone", () => {
  const dependencies = { node: "file:../node.tgz" };
  const packages = {
    "": { name: "library", version: "1.0.0", dependencies },
    "node_modules/node": { version: "1.0.0", resolved: "file:../node.tgz" },
  };
  mkdirSync(at("library"));
  writeFileSync(at("library", "package.json"), json({ name: "library", version: "1.0.0", dependencies }));
  writeFileSync(
    at("library", "package-lock.json"),
    json({ name: "library", version: "1.0.0", lockfileVersion: 3, packages }),
  );
  const install = () =>
    npm(["exec", "--call", "node scripts/install.mjs library"], { npm_config_ignore_scripts: "true" });
  expect(install()).toEqual({ status: 0, output: expect.stringContaining("Installing the dependencies of library.") });
  expect(existsSync(at("library", "node_modules", "node", "package.json"))).toBe(true);
  expect(existsSync(at("node_modules"))).toBe(false);
  expect(install()).toEqual({ status: 0, output: "" });
});
