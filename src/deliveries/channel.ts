/** A channel is one kind of deliveries: its tables, its queue, its endpoints and its schedule. */
import type { BuildColumns, ColumnBuilderBase, IsPrimaryKey, NotNull, SQL } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { RunnableQuery } from "drizzle-orm/runnable-query";
import type { SQLiteTableWithColumns, SQLiteTextBuilderInitial } from "drizzle-orm/sqlite-core";
import type { Context } from "../platform/context.ts";
import type { attemptColumns, deliveryColumns, endpointColumns } from "../platform/db/schema.ts";
import type { Bindings } from "../platform/env.ts";
import type { AttemptOutcome, Endpoint, Message } from "./attempt.ts";
import type { Next, Schedule } from "./schedule.ts";

type Text = NotNull<SQLiteTextBuilderInitial<string, [string, ...string[]], number | undefined>>;

type TableWith<Columns extends Record<string, ColumnBuilderBase>> = SQLiteTableWithColumns<{
  name: string;
  schema: undefined;
  dialect: "sqlite";
  columns: BuildColumns<string, Columns, "sqlite">;
}>;

/** A table of deliveries. It also has columns for what is sent. */
export type DeliveryTable = TableWith<
  { id: IsPrimaryKey<Text>; endpointId: Text } & ReturnType<typeof deliveryColumns>
>;
/** A table of endpoints. It also has a column for the URL. */
export type EndpointTable = TableWith<{ id: IsPrimaryKey<Text> } & ReturnType<typeof endpointColumns>>;
/** A table of the last attempts of each delivery. Its primary key is `endpointId`, `deliveryId`, `slot`. */
export type AttemptTable = TableWith<{ endpointId: Text; deliveryId: Text } & ReturnType<typeof attemptColumns>>;

export interface Tables {
  readonly deliveries: DeliveryTable;
  readonly attempts: AttemptTable;
  readonly endpoints: EndpointTable;
}

/** The columns of a delivery that every channel has. */
export type DeliveryRow = DeliveryTable["$inferSelect"];

export type AttemptRow = AttemptTable["$inferSelect"];

/** The statements that end an attempt, in their order. Each changes one row, or none when the claim is not the current one any more. */
export type End = readonly [BatchItem<"sqlite">, BatchItem<"sqlite">];

/** A row whose attempt is under way. */
export type Claimed<Row> = Row & { readonly claimedUntil: number };

/** A claimed delivery, and what its attempt needs. */
export interface Claim<Row = DeliveryRow> {
  readonly delivery: Claimed<Row>;
  readonly endpoint: Endpoint;
  readonly message: Message;
}

/**
 * One kind of deliveries.
 *
 * @typeParam Row a row of its table of deliveries
 * @typeParam Found a row of its query for endpoints
 */
export interface Channel<Row extends DeliveryRow, Found> {
  /** Its name in the log. */
  readonly name: string;
  readonly tables: Tables;
  readonly schedule: Schedule;
  queue(env: Bindings): Pick<Queue, "sendBatch">;
  /** The messages of its queue. They carry no content. */
  readonly messages: {
    /** This delivery is due. */
    delivery(id: string): unknown;
    /** A delivery of this endpoint is due, and the endpoint may get one more request. */
    endpoint(id: string): unknown;
  };
  messageOf(delivery: Row): Message;
  /** The query for endpoints by their ids. It runs in one batch with the claim of their deliveries. */
  findEndpoints(context: Pick<Context, "db" | "now">, ids: SQL): RunnableQuery<Found[], "sqlite">;
  endpointsOf(context: Context, found: readonly Found[]): readonly Endpoint[];
  /** Counts an attempt in the metrics. */
  count(outcome: Next["status"]): void;
  /** Gives a delivery up. `end` ends the attempt; it is written first, in one batch with the consequences for the endpoint. */
  giveUp(context: Context, claim: Claim<Row>, outcome: AttemptOutcome, end: End): Promise<void>;
}

/** A channel whose rows are not known. Its methods get only rows that it found itself. */
export type AnyChannel = Channel<DeliveryRow, unknown>;
