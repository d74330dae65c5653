/**
 * One Durable Object per organization, for everything that must be counted exactly, ordered or revoked at once. Its name is
 * the organization's id. Every method is one round trip with at most one durable commit, and returns only after its writes are
 * on disk.
 */
import { DurableObject } from "cloudflare:workers";
import type { DomainEvent } from "../events/catalogue.ts";
import { queueRelay } from "../events/relay.ts";
import type { Bindings } from "../platform/env.ts";
import type { AgentId, DelegationId, HoldId, OrganizationId } from "../platform/ids.ts";
import { log, noRequest } from "../platform/log.ts";
import { withTimeLimits } from "../platform/time-limits.ts";
import { acceptGap } from "./accepting-gaps.ts";
import { activeSubject, delegationStatus, revokeWithDelegations } from "./active.ts";
import { Activity } from "./activity.ts";
import { Admission, networksKeptMs } from "./admission.ts";
import { admitCall } from "./admitting.ts";
import { Alarm } from "./alarm.ts";
import { Chain } from "./chain.ts";
import { completeChange, holdChange, withdraw } from "./changes.ts";
import { ledgerOf } from "./client.ts";
import { authenticateOnly, recordOmitted, refuseWorkload } from "./clients.ts";
import { Commit } from "./commit.ts";
import {
  type AdmitOutcome,
  type AnsweredCalls,
  type ChainHead,
  type ChainState,
  type ClientAuthenticationRequest,
  type ClientOutcome,
  type Counting,
  type DelegationOutcome,
  type DelegationRequest,
  type HeldTarget,
  type IntrospectedToken,
  type IntrospectingAgent,
  type Ledger,
  type ProofOfPossession,
  probeLedger,
  type Refused,
  type Throttled,
  type TokenFacts,
  type TokenOutcome,
  type TokenRequest,
  type WorkloadRefusal,
} from "./contract.ts";
import { Delegations } from "./delegations.ts";
import { Holds } from "./holds.ts";
import { acceptsToken, introspect } from "./introspecting.ts";
import { delegate, issueToken } from "./issuing.ts";
import { Journal } from "./journal.ts";
import { LinkedSessions } from "./linked-sessions.ts";
import { forgetExpired, type Parts } from "./parts.ts";
import { Principals } from "./principals.ts";
import { Rate } from "./rate.ts";
import { Resources } from "./resources.ts";
import { Revocations } from "./revocations.ts";
import { openSession, redeemLink } from "./sessions.ts";
import { SingleUse } from "./single-use.ts";
import type { Turn } from "./turns.ts";
import { Usage } from "./usage.ts";

function organizationOf({ id }: DurableObjectState): OrganizationId {
  if (id.name === undefined) throw new Error("a ledger is reached by its organization's id");
  return id.name as OrganizationId;
}

/** The ledger of one organization. Its methods are its RPC surface; {@link Ledger} documents each. */
export class OrgLedger extends DurableObject<Bindings> implements Ledger {
  readonly #parts: Parts;
  readonly #journal: Journal;
  readonly #commit: Commit;
  readonly #alarm: Alarm;

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, withTimeLimits(env));
    const { sql } = state.storage;
    const revocations = new Revocations(sql);
    const holds = new Holds(sql, revocations);
    this.#parts = {
      organizationId: organizationOf(state),
      activity: new Activity(sql),
      admission: new Admission(sql),
      chain: new Chain(sql),
      delegations: new Delegations(sql),
      holds,
      linkedSessions: new LinkedSessions(sql),
      principals: new Principals(holds, this.env.DB),
      rate: new Rate(sql, "rate"),
      exemptRate: new Rate(sql, "exempt_rate"),
      resources: new Resources(holds, this.env.DB),
      revocations,
      singleUse: new SingleUse(sql),
      usage: new Usage(sql),
      wake: () => this.#alarm.wake(),
      settled: () => this.#settled(),
      ledgerOf: (organizationId) => ledgerOf({ env: this.env }, organizationId),
    };
    const { activity, chain, exemptRate, organizationId, rate, usage } = this.#parts;
    this.#alarm = new Alarm(state.storage, chain.handingOn);
    this.#journal = state.storage.transactionSync(
      () => new Journal(sql, { usage, activity, rate, exemptRate, revocations }),
    );
    const write = () => {
      chain.write();
      this.#journal.write();
    };
    this.#commit = new Commit(state.storage, write, (reason) => state.abort(reason));
    // The probe ledger has no chain to continue, and must respond even when D1 does not.
    if (!chain.isNew || organizationId === probeLedger) return;
    void state.blockConcurrencyWhile(async () => {
      await chain.resumeFrom(this.env.DB, organizationId);
      await activity.resumeFrom(this.env.DB, organizationId, Date.now());
    });
  }

  async ping(): Promise<void> {}

  async issueToken(request: TokenRequest): Promise<TokenOutcome> {
    return issueToken(this.#parts, request);
  }

  async authenticateClient(request: ClientAuthenticationRequest, counting: Counting): Promise<ClientOutcome> {
    return authenticateOnly(this.#parts, request, counting);
  }

  async admit(token: TokenFacts, proof: ProofOfPossession | null, exempt: boolean): Promise<AdmitOutcome> {
    return admitCall(this.#parts, token, proof, exempt);
  }

  async openSession(...[request]: Parameters<Ledger["openSession"]>) {
    return openSession(this.#parts, request);
  }

  async redeemLink(...[request]: Parameters<Ledger["redeemLink"]>) {
    return redeemLink(this.#parts, request);
  }

  async usage() {
    return this.#parts.usage.present(Date.now());
  }

  async refuseWorkload(refusal: WorkloadRefusal): Promise<Refused | Throttled> {
    return refuseWorkload(this.#parts, refusal);
  }

  async introspect(agent: IntrospectingAgent, token: IntrospectedToken | null, event: DomainEvent) {
    return introspect(this.#parts, agent, token, event);
  }

  async isActive(token: TokenFacts): Promise<boolean> {
    return (await activeSubject(this.#parts, token)) !== null;
  }

  async acceptsToken(token: IntrospectedToken): Promise<boolean> {
    return acceptsToken(this.#parts, token);
  }

  async delegate(request: DelegationRequest): Promise<DelegationOutcome> {
    return delegate(this.#parts, request);
  }

  async checkDelegation(chainId: DelegationId, event: DomainEvent) {
    const status = await delegationStatus(this.#parts, chainId);
    this.#parts.chain.append({ ...event, details: { ...event.details, valid: status.active } });
    await this.#settled();
    return { active: status.active, endedAtMs: status.active ? null : status.endedAtMs };
  }

  async revokeToken(token: TokenFacts, event: DomainEvent): Promise<void> {
    if (!revokeWithDelegations(this.#parts, token)) return;
    this.#parts.chain.append(event);
    this.#commitNow();
  }

  async withdraw(targets: readonly HeldTarget[], holdId: HoldId): Promise<void> {
    withdraw(this.#parts, holdId, targets);
  }

  async endDelegation(chainId: DelegationId): Promise<void> {
    this.#parts.revocations.cutOff({ kind: "delegation", chainId }, Date.now());
  }

  async expectChange(agentId: AgentId | null, holdId: HoldId): Promise<void> {
    holdChange(this.#parts, holdId, [{ kind: "change", agentId }]);
  }

  async expectResourceChange(holdId: HoldId): Promise<void> {
    holdChange(this.#parts, holdId, [{ kind: "resources" }]);
  }

  async releaseHold(holdId: HoldId): Promise<void> {
    this.#parts.principals.release(holdId, false, Date.now());
  }

  async dropSigningKey(signingKeyId: string): Promise<void> {
    this.#parts.revocations.dropSigningKey(signingKeyId, Date.now());
  }

  async position(): Promise<number> {
    this.#commit.now();
    return this.#parts.chain.head.sequence;
  }

  async append(event: DomainEvent): Promise<void> {
    this.#parts.chain.append(event);
    await this.#settled();
  }

  async record(events: readonly DomainEvent[]): Promise<void> {
    for (const event of events) {
      completeChange(this.#parts, event);
      this.#parts.chain.appendOnce(event);
    }
    this.#commitNow();
  }

  async noteCalls(calls: readonly AnsweredCalls[]): Promise<void> {
    this.#parts.activity.addCalls(calls, Date.now());
    await this.#settled();
  }

  async flush(): Promise<ChainState> {
    const { activity, chain, organizationId, usage } = this.#parts;
    this.#enterCounts();
    const { head } = chain;
    if (await chain.moveTo(this.env.DB, organizationId)) await queueRelay(this.env, organizationId);
    await Promise.all([usage.moveTo(this.env.DB), activity.moveTo(this.env.DB, organizationId)]);
    return { ...head, anchorSequence: chain.checkpoints.anchorSequence, gaps: chain.gaps.all };
  }

  async admitTurn(turn: Turn): Promise<{ readonly admitted: boolean; readonly retryAfterSeconds: number }> {
    return this.#parts.admission.takeTurn(turn, Date.now());
  }

  async dueCheckpoints(renew: boolean): Promise<readonly ChainHead[]> {
    const { chain } = this.#parts;
    this.#commitNow();
    return chain.checkpoints.due(chain.head, Date.now(), renew);
  }

  async noteCheckpoint(sequence: number): Promise<number | null> {
    const { chain } = this.#parts;
    chain.checkpoints.made(sequence, Date.now());
    return chain.checkpoints.nextDueAtMs(chain.head);
  }

  async anchorAt(sequence: number): Promise<void> {
    this.#parts.chain.checkpoints.anchorAt(sequence);
  }

  async acceptGap(...request: Parameters<Ledger["acceptGap"]>) {
    return acceptGap(this.#parts, ...request);
  }

  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const nowMs = Date.now();
    const { activity, admission, chain, organizationId, principals, usage } = this.#parts;
    recordOmitted(this.#parts);
    const hasOmitted = admission.keepOmitted();
    // The parts decide by their tables what has expired, so every count must be in the tables.
    this.#enterCounts();
    principals.releaseExpired(nowMs);
    forgetExpired(this.#parts, nowMs);
    try {
      await this.flush();
      if (hasOmitted || chain.pending.hasWaiting() || usage.hasPending() || activity.hasPending()) this.#alarm.wake();
      else if (admission.hasNetworks() && !this.#alarm.isSet) await this.#alarm.tidyAt(nowMs + networksKeptMs);
    } catch (error) {
      log.warn(noRequest, "ledger flush put off", { organizationId, error });
      await this.#alarm.retry(nowMs);
    }
    await chain.pending.report(this.env, organizationId, nowMs, chain.gaps.json);
  }

  async #settled(): Promise<void> {
    this.#alarm.wake();
    await this.#commit.settled();
  }

  /** Commits everything staged, and writes the journal to the tables. */
  #enterCounts(): void {
    this.#commit.now(() => {
      this.#parts.chain.write();
      this.#journal.enter();
    });
  }

  #commitNow(): void {
    this.#alarm.wake();
    this.#commit.now();
  }
}
