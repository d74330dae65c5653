/** The signing keys, in the form of a wing. */
import type { Wing } from "../wing.ts";
import { keyRoutes, keySetRoutes } from "./routes.ts";
import { maintenance } from "./service.ts";

export const keys: Wing = {
  routes: { "/": [keySetRoutes], "/api/v1": [keyRoutes] },
  tags: [{ position: 80, name: "Keys", description: "The signing keys of the service." }],
  subscribers: [],
  scheduled: [maintenance],
  messages: [],
};
