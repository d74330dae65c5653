/** The bundle of the service, which stands beside the bench's Workers where they run. */
export { DelegationChain, default, MetricsHub, OrgLedger } from "../../src/worker.ts";
