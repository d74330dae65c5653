/** The bundle of the service, beside the Workers of the bench. Only its shape, so that the bench does not check all of the service again. */
import type { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../../src/platform/env.ts";

type ObjectClass = new (state: DurableObjectState, env: Bindings) => DurableObject<Bindings>;

export declare const DelegationChain: ObjectClass;
export declare const MetricsHub: ObjectClass;
export declare const OrgLedger: ObjectClass;

declare const worker: Required<Pick<ExportedHandler<Bindings>, "fetch" | "queue" | "scheduled">>;
export default worker;
