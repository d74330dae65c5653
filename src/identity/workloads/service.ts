/** Workload identity: which workloads are trusted to sign in as which agents, and whether a token is that of one of them. */
export { createTrustPolicy, deleteTrustPolicy, listTrustPolicies, readTrustPolicy } from "./policies.ts";
export { identifyWorkload, type RefusedWorkload } from "./workload.ts";
