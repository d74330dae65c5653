import { createBaseRouter } from "../platform/http/router.ts";
import type { AppEnv } from "./app-env.ts";

/** A router for one room. */
export const createRouter = () => createBaseRouter<AppEnv>();
