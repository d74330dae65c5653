/**
 * Installs the dependencies when they are missing or not those of package-lock.json, and says nothing otherwise.
 * Plain JavaScript without dependencies: it runs on the Node that the reader has, everything after it on the project's.
 *
 * `node scripts/install.mjs <folder>` does so for a package of its own below the checkout: those are installed when they are needed.
 *
 * `npm start` runs it twice: as `prestart`, because the shell of `start` keeps the Node that it found first, and at the start of
 * `start` itself, because npm leaves `prestart` out where `ignore-scripts` is set.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const oldestNode = 20;
/** A package of its own inside the checkout, such as `sdk/typescript`; without it the project itself. */
const [, , folder] = process.argv;
const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const root = folder === undefined ? checkout : join(checkout, folder);
const modules = join(root, "node_modules");
const windows = process.platform === "win32";
const projectNode = windows ? join(modules, "node", "bin", "node.exe") : join(modules, ".bin", "node");

function stop(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

/** Only the project itself has a Node of its own. */
function projectNodeRuns() {
  return folder !== undefined || spawnSync(projectNode, ["--version"], { stdio: "ignore" }).status === 0;
}

if (Number(process.versions.node.split(".")[0]) < oldestNode) {
  stop(`This needs Node ${oldestNode} or newer; you have ${process.versions.node}. Get one from https://nodejs.org.`);
}

function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

/** npm writes down what it installed when it is done; packages for other systems are not among it. */
function isInstalled() {
  const present = packagesOf(join(modules, ".package-lock.json"));
  const wanted = Object.entries(packagesOf(join(root, "package-lock.json")));
  return wanted.every(([path, { version, optional }]) => {
    return path === "" || (present[path] ? present[path].version === version : optional === true);
  });
}

/** Whether npm can write its cache; it passes the path on. Without a writable home directory it cannot, and `npm ci` fails. */
function cacheIsWritable(path) {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const { npm_config_cache: cache, npm_config_ignore_scripts: ignoreScripts } = process.env;
/** Relative to the checkout, because the path of the checkout may have spaces. */
const spareCache = ".local/npm-cache";
const cacheOptions = cache === undefined || cacheIsWritable(cache) ? [] : [`--cache=${spareCache}`];

// The options of the command line come before NODE_ENV, the environment and every .npmrc.
const installation = ["ci", "--include=dev", "--include=optional", ...cacheOptions];

const scriptsAdvice =
  "The project's own Node comes from the install script of the package `node`, and npm is set to ignore install scripts.\n" +
  "Run this once; it runs the install scripts of the dependencies, whatever npm is set to. Then run your command again:\n\n" +
  `  npm ${[...installation, "--ignore-scripts=false"].join(" ")}`;

if (!isInstalled() || !projectNodeRuns()) {
  if (ignoreScripts === "true" && folder === undefined) stop(scriptsAdvice);
  const what = folder === undefined ? "the dependencies; this takes about a minute" : `the dependencies of ${folder}`;
  console.log(`Installing ${what}.`);
  const { status } = spawnSync("npm", [...installation, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: windows,
  });
  rmSync(join(root, spareCache), { recursive: true, force: true });
  if (status !== 0) {
    stop(
      "`npm ci` failed; what it said is above. The usual cause is the network or a proxy: mend it and run this again.",
    );
  }
  if (!projectNodeRuns()) stop(scriptsAdvice);
}
