/** A row of a table as a line of the export. */
import { isoOf } from "../../platform/time.ts";
import { namesOf, type Row, type StoredType } from "./store.ts";

/** The names of the columns that hold a time. */
const isTime = /(?:At|Until|Start|End)$|^timestamp$/;

/** The last moment that a Date can hold. Whoever can write to D1 can write a greater number. */
const lastMs = 8_640_000_000_000_000;

/** 0 means that nothing ends: an endpoint that was never slow. */
const timeOf = (value: unknown) =>
  typeof value === "number" && Math.abs(value) <= lastMs ? (value === 0 ? null : isoOf(value)) : value;

/** The fields of a row by the names of the API, with times in ISO 8601. */
export function lineOf(type: StoredType, row: Row): Record<string, unknown> {
  const names = namesOf(type);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [names[name] ?? name, isTime.test(name) ? timeOf(value) : value]),
  );
}
