/** The paths of the console. Its API is the one below `/api/v1`, entered by another door: a session in place of an access token. */
import { getPath } from "hono/utils/url";

const entrance = /^\/console(?=\/api\/v1(\/|$))/;
const calls = /^\/console\/(api|sessions?)(\/|$)/;

/** The path that the router sees: `/console/api/v1/agents` is the route of `/api/v1/agents`, with its rules and its metrics. */
export const routedPath = (request: Request): string => getPath(request).replace(entrance, "");

/** Whether a request is a call of the console, which a session authenticates. The console's pages are none. */
export const isConsoleCall = (request: Request): boolean => calls.test(getPath(request));
