/** The ledger's own events for webhooks: which subscriptions matched each of them when it happened, and how soon they need it. */
import { recordedWebhookEventNames } from "../events/catalogue.ts";
import type { OrganizationId } from "../platform/ids.ts";

/** How long written events wait in the object before the alarm moves them to D1; shorter while a webhook wants them. */
const usualMs = 5_000;
const wantedMs = 500;

const names = JSON.stringify(recordedWebhookEventNames);

/**
 * The states in which subscriptions of an organization (?1) match events: the present ones, and those that ended while the ledger
 * had events that D1 did not have. A state matches the events of the chain after `after_sequence`, up to `last_sequence`.
 * Without `matches_after` an older version of the service wrote the present state, and it matches from its creation on.
 */
const states = `SELECT id, events, coalesce(matches_after, 0) AS after_sequence, NULL AS last_sequence,
    iif(matches_after IS NULL, created_at, 0) AS since
  FROM webhook_subscriptions WHERE organization_id = ?1 AND active = 1
  UNION ALL SELECT subscription_id, events, after_sequence, last_sequence, 0
  FROM webhook_past_states WHERE organization_id = ?1`;

/**
 * Inserts into the outbox the events (?2 to ?3) that a state of a subscription matches, with the ids of their subscriptions. The
 * order of the chain decides, not a clock: the position of a change in the chain is taken before the change is written. For an
 * organization without such a subscription it reads two indexes and nothing else. After a crash it may insert an event again that
 * is relayed already: the receivers of the relay deduplicate by the id.
 */
const handOn = `WITH states AS (${states})
  INSERT OR IGNORE INTO outbox (id, organization_id, event, created_at, recorded)
  SELECT event_id, organization_id, json_object('id', event_id, 'organizationId', organization_id, 'action', action,
    'outcome', outcome, 'agentId', agent_id, 'actor', json(actor), 'target', target, 'details', json(details),
    'occurredAtMs', timestamp, 'subscriptionIds', json_group_array(DISTINCT subscription_id)), timestamp, 1
  FROM (SELECT states.id AS subscription_id, after_sequence, last_sequence, since, wanted.value AS wanted
    FROM states, json_each(states.events) AS wanted WHERE wanted.value IN (SELECT value FROM json_each(?4)))
  CROSS JOIN audit_events
  WHERE organization_id = ?1 AND sequence BETWEEN ?2 AND ?3 AND action = wanted
    AND sequence > after_sequence AND (last_sequence IS NULL OR sequence <= last_sequence) AND timestamp >= since
    AND json_valid(actor) AND json_valid(details)
  GROUP BY sequence`;

/** Whether an active subscription of the organization (?1) wants events that the ledger records itself (?2). */
const selectWanted = `SELECT EXISTS (SELECT 1 FROM webhook_subscriptions AS subscription, json_each(subscription.events) AS wanted
  WHERE subscription.organization_id = ?1 AND subscription.active = 1
    AND wanted.value IN (SELECT value FROM json_each(?2))) AS wanted`;

/** The statements that hand events on, in one batch with the events. */
interface HandingOnStatements {
  readonly statements: readonly [handOn: D1PreparedStatement, selectWanted: D1PreparedStatement];
  /** Learns from the result of the second one whether webhooks want the events. */
  learn(row: unknown): void;
}

/** Knows whether a webhook wants the ledger's own events. It decides only how soon these go to D1. */
export class HandingOn {
  readonly #sql: SqlStorage;
  #isWanted: boolean;
  /** Grows with every change of a webhook, so that an answer of D1 from before it is not used. */
  #generation = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS webhooks_want (one INTEGER PRIMARY KEY CHECK (one = 1), events INTEGER NOT NULL)",
    );
    const [row] = sql.exec<{ events: number }>("SELECT events FROM webhooks_want").toArray();
    this.#isWanted = row?.events === 1;
  }

  /** How long events may wait, in milliseconds. */
  get waitMs(): number {
    return this.#isWanted ? wantedMs : usualMs;
  }

  /** A webhook has changed: the next flush is soon, and reads what D1 has now. */
  webhookChanged(): void {
    this.#isWanted = true;
    this.#generation++;
  }

  /** The statements for the events from one sequence to another. */
  of(d1: D1Database, organizationId: OrganizationId, from: number, to: number): HandingOnStatements {
    const generation = this.#generation;
    return {
      statements: [
        d1.prepare(handOn).bind(organizationId, from, to, names),
        d1.prepare(selectWanted).bind(organizationId, names),
      ],
      learn: (row) => {
        const isWanted = (row as { readonly wanted?: unknown } | undefined)?.wanted === 1;
        if (generation !== this.#generation || isWanted === this.#isWanted) return;
        this.#isWanted = isWanted;
        this.#sql.exec("INSERT OR REPLACE INTO webhooks_want VALUES (1, ?)", isWanted ? 1 : 0);
      },
    };
  }
}
