import { attackScheduledRun } from "./support/scheduled.ts";

attackScheduledRun("late");
