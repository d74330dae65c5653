/** The bundle of the service, beside the Workers of the bench. */
export { DelegationChain, default, MetricsHub, OrgLedger } from "../../src/worker.ts";
