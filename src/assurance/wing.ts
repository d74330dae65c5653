/** Measurements of the service and its agents, for auditors, registries and status pages. */
import type { Wing } from "../wing.ts";
import { complianceRoutes } from "./compliance/routes.ts";
import { embedRoutes, embedWithoutSettings } from "./controls/embed/routes.ts";
import { controlRoutes, statusRoutes } from "./controls/routes.ts";
import { controlMeasurement } from "./controls/service.ts";

export const assurance: Wing = {
  routes: { "/": [embedRoutes, statusRoutes], "/api/v1": [controlRoutes, complianceRoutes] },
  withoutSettings: embedWithoutSettings,
  tags: [
    {
      position: 140,
      name: "Compliance",
      guide: "agntcy-compliance.md",
      description: "Measurements of the service and its agents, for auditors, registries and status pages.",
    },
  ],
  subscribers: [],
  scheduled: [],
  scheduledLast: [controlMeasurement],
  messages: [],
};
