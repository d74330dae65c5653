/** What the signing keys give to the service, as a wing does. */
import type { Wing } from "../wing.ts";
import { keyRoutes, keySetRoutes } from "./routes.ts";
import { maintainSigningKeys } from "./service.ts";

export const keys: Wing = {
  routes: { "/": [keySetRoutes], "/api/v1": [keyRoutes] },
  tags: [{ position: 80, name: "Keys", description: "The keys that the service signs with." }],
  subscribers: [],
  scheduled: [maintainSigningKeys],
  messages: [],
};
