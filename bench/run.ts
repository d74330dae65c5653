/**
 * `npm run bench`: builds the Worker, answers every question, and writes `bench/results.json` and the figures of
 * `docs/performance.md`.
 *
 *   --quick            about a minute, as a test of the bench; the figures are only printed
 *   --only a,b         these questions only; the results of the others stay
 *   --resume           continues an interrupted run
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, measuredCommit } from "./machine.ts";
import { tablesOf, updatePage } from "./page.ts";
import type { Answer, Plan, Question } from "./question.ts";
import { agents } from "./questions/agents.ts";
import { endpoints } from "./questions/endpoints.ts";
import { endurance } from "./questions/endurance.ts";
import { operations } from "./questions/operations.ts";
import { organizations } from "./questions/organizations.ts";
import { start } from "./questions/start.ts";
import { token } from "./questions/token.ts";
import { forgetAnswers, keepAnswer, keptAnswer, readResults, writeResults } from "./results.ts";
import { plain } from "./table.ts";

const questions: readonly Question[] = [token, endpoints, operations, start, organizations, agents, endurance];

const whole: Plan = {
  isQuick: false,
  pace: { rounds: 5, seconds: 1.2, warmUpSeconds: 0.5, firstRequests: 3_000 },
  connections: [1, 8, 32, 128],
  usualConnections: 32,
  populations: [10, 10_000, 100_000],
  organizations: 50,
  manyTokens: 200_000,
  starts: 5,
};

const quick: Plan = {
  isQuick: true,
  pace: { rounds: 1, seconds: 0.4, warmUpSeconds: 0.2, firstRequests: 200 },
  connections: [32],
  usualConnections: 32,
  populations: [10, 100],
  organizations: 5,
  manyTokens: 2_000,
  starts: 1,
};

function choose(names: string | undefined): readonly Question[] {
  if (names === undefined) return questions;
  return names.split(",").map((name) => {
    const found = questions.find((question) => question.name === name);
    if (!found) throw new Error(`No question "${name}"; there are: ${questions.map((one) => one.name).join(", ")}`);
    return found;
  });
}

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean" }, resume: { type: "boolean" }, only: { type: "string" } },
});
const plan = flags.quick ? quick : whole;
const chosen = choose(flags.only);

const startedMs = performance.now();
function progress(line: string): void {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `[${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}] ${line}`,
  );
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, "..", "scripts", "build.ts")], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}

const machine = describeMachine();
const commit = measuredCommit();
build();
if (!flags.resume) forgetAnswers();

const answers: Record<string, Answer> = flags.only && !flags.quick ? { ...readResults()?.answers } : {};
for (const question of chosen) {
  const kept = flags.resume ? keptAnswer(question.name) : null;
  progress(`${question.name}${kept ? ": answered before" : ""}`);
  const answer = kept ?? (await question.answer({ plan, progress: (line) => progress(`${question.name}: ${line}`) }));
  keepAnswer(question.name, answer);
  answers[question.name] = answer;
}

const results = { takenAt: new Date().toISOString(), commit, isQuick: plan.isQuick, machine, answers };
for (const table of tablesOf(results)) console.log(`\n${plain(table)}`);
if (!plan.isQuick) {
  writeResults(results);
  updatePage();
}
forgetAnswers();
