/** A channel is one kind of deliveries: its tables, its queue, its endpoints and its schedule. */
import type { BuildColumns, ColumnBuilderBase, IsPrimaryKey, NotNull, SQL } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { RunnableQuery } from "drizzle-orm/runnable-query";
import type { SQLiteTableWithColumns, SQLiteTextBuilderInitial } from "drizzle-orm/sqlite-core";
import type { Context } from "../platform/context.ts";
import type { deliveryColumns, endpointColumns } from "../platform/db/schema.ts";
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

/** A table of deliveries. Beside these columns it has what is sent. */
export type DeliveryTable = TableWith<
  { id: IsPrimaryKey<Text>; endpointId: Text } & ReturnType<typeof deliveryColumns>
>;
/** A table of endpoints. Beside these columns it has the URL. */
export type EndpointTable = TableWith<{ id: IsPrimaryKey<Text> } & ReturnType<typeof endpointColumns>>;

export interface Tables {
  readonly deliveries: DeliveryTable;
  readonly endpoints: EndpointTable;
}

/** A row of a table of deliveries, as far as the machine knows it. */
export type DeliveryRow = DeliveryTable["$inferSelect"];

/** A row with an attempt under way. */
export type Claimed<Row> = Row & { readonly claimedUntil: number };

/** A claimed delivery with what its attempt needs. */
export interface Claim<Row> {
  readonly delivery: Claimed<Row>;
  readonly endpoint: Endpoint;
  readonly message: Message;
}

/**
 * One kind of deliveries.
 *
 * @typeParam Row a row of its table of deliveries
 * @typeParam Found what its query for endpoints answers with
 */
export interface Channel<Row extends DeliveryRow, Found> {
  /** For the log. */
  readonly name: string;
  readonly tables: Tables;
  readonly schedule: Schedule;
  queue(env: Bindings): Pick<Queue, "sendBatch">;
  /** The messages of its queue. They carry no content: each only names what is due. */
  readonly messages: {
    /** This delivery is due. */
    delivery(id: string): unknown;
    /** Some deliveries of this endpoint are due, and it has time for one. */
    endpoint(id: string): unknown;
  };
  /** What a delivery sends. */
  messageOf(delivery: Row): Message;
  /** The query for some endpoints; it runs in one batch with the claim of their deliveries. */
  findEndpoints(context: Pick<Context, "db" | "now">, ids: SQL): RunnableQuery<Found[], "sqlite">;
  endpointsOf(context: Context, found: readonly Found[]): readonly Endpoint[];
  /** Counts an attempt. */
  count(outcome: Next["status"]): void;
  /**
   * Gives a delivery up.
   *
   * @param end the statement that ends the attempt, to be written together with what follows for the endpoint
   */
  giveUp(context: Context, claim: Claim<Row>, outcome: AttemptOutcome, end: BatchItem<"sqlite">): Promise<void>;
}
