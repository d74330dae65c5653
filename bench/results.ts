/** Stores results: one file for each question during a run, one file for all at its end. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import type { Answer } from "./question.ts";

const resultsPath = join(import.meta.dirname, "results.json");
const partsFolder = join(import.meta.dirname, ".parts");

/** A whole run. */
export interface Results {
  readonly takenAt: string;
  readonly commit: string | null;
  readonly isQuick: boolean;
  readonly machine: Machine;
  readonly answers: Readonly<Record<string, Answer>>;
}

const partPath = (question: string) => join(partsFolder, `${question}.json`);

/** Rounds to microseconds. */
const rounded = (_: string, value: unknown) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value);

const json = (value: unknown) => `${JSON.stringify(value, rounded, 1)}\n`;

/** The answer of an interrupted run, or null. */
export function keptAnswer(question: string): Answer | null {
  return existsSync(partPath(question)) ? (JSON.parse(readFileSync(partPath(question), "utf8")) as Answer) : null;
}

export function keepAnswer(question: string, answer: Answer): void {
  mkdirSync(partsFolder, { recursive: true });
  writeFileSync(partPath(question), json(answer));
}

export function forgetAnswers(): void {
  rmSync(partsFolder, { recursive: true, force: true });
}

/** The results of the last whole run; null before the first. */
export function readResults(): Results | null {
  if (!existsSync(resultsPath)) return null;
  return JSON.parse(readFileSync(resultsPath, "utf8")) as Results;
}

export function writeResults(results: Results): void {
  writeFileSync(resultsPath, json(results));
}
