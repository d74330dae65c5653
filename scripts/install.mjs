/**
 * Installs the dependencies when they are missing or not those of package-lock.json, and says nothing otherwise.
 * Plain JavaScript without dependencies: it runs on the Node that the reader has, everything after it on the project's.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const oldestNode = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const windows = process.platform === "win32";
const projectNode = windows ? join(modules, "node", "bin", "node.exe") : join(modules, ".bin", "node");

function stop(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

function projectNodeRuns() {
  return spawnSync(projectNode, ["--version"], { stdio: "ignore" }).status === 0;
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

if (!isInstalled() || !projectNodeRuns()) {
  console.log("Installing the dependencies; this takes about a minute.");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: windows,
  });
  if (status !== 0) {
    stop(
      "`npm ci` failed; what it said is above. The usual cause is the network or a proxy: mend it and run this again.",
    );
  }
  if (!projectNodeRuns()) {
    stop(
      "The dependencies are installed, but the project's own Node does not run. The package `node` fetches it in an\n" +
        "install script: allow those (`npm config set ignore-scripts false`) and run this again.",
    );
  }
}
