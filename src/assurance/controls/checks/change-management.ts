/** CC8.1: the database has exactly the migrations of this version. */
import journal from "../../../../migrations/meta/_journal.json";
import { amount } from "../../../platform/amount.ts";
import { version } from "../../../platform/version.ts";
import type { Check } from "../measuring.ts";
import { appliedMigrations } from "../store.ts";

const shipped = journal.entries.map(({ tag }) => `${tag}.sql`);

export const changeManagement: Check = async (context) => {
  const applied = await appliedMigrations(context);
  if (!applied) return { status: "fail", evidence: "There is no record of applied migrations" };
  const missing = shipped.filter((name) => !applied.includes(name)).length;
  const unknown = applied.filter((name) => !shipped.includes(name)).length;
  if (missing > 0) return { status: "fail", evidence: `${amount(missing, "migration")} not applied` };
  if (unknown > 0) return { status: "fail", evidence: `${amount(unknown, "applied migration")} not of this version` };
  return { status: "pass", evidence: `Version ${version}, all of its ${amount(shipped.length, "migration")} applied` };
};
