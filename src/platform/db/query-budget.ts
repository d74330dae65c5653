/** A database with a limited number of queries, because D1 allows an invocation of a Worker only 1,000. */
import { DependencyDown } from "../dependency.ts";

export interface QueryBudget {
  readonly database: D1Database;
  /** The queries that are left. */
  left(): number;
  /** The queries that were refused. */
  refused(): number;
}

/** The statement behind each counted one: a batch accepts only statements of the same database. */
const uncountedStatements = new WeakMap<object, D1PreparedStatement>();
const uncountedDatabases = new WeakMap<D1Database, D1Database>();

/** The database behind a limited one, or the database itself. For caches by database. */
export const withoutBudget = (database: D1Database): D1Database => uncountedDatabases.get(database) ?? database;

type Method = (...parameters: unknown[]) => unknown;

/** The object with some methods replaced. */
function replacing<T extends object>(target: T, own: Readonly<Record<string, Method>>): T {
  return new Proxy(target, { get: (_, name) => Reflect.get(Object.hasOwn(own, name) ? own : target, name) });
}

/**
 * The database with at most `most` queries. Each statement of a batch is a query. A query or a batch for which too few are left
 * is not sent and rejects with `DependencyDown`.
 */
export function limitQueries(database: D1Database, most: number): QueryBudget {
  let left = most;
  let refused = 0;
  const spend = (queries: number) => {
    if (queries > left) {
      refused += queries;
      throw new DependencyDown("The database", new Error("the D1 queries of this part of the run are used up"));
    }
    left -= queries;
  };

  const counted = (statement: D1PreparedStatement): D1PreparedStatement => {
    const sending = (name: "all" | "first" | "raw" | "run"): Method => {
      const send = statement[name] as Method;
      return async (...parameters) => {
        spend(1);
        return Reflect.apply(send, statement, parameters);
      };
    };
    const bind: Method = (...values) => counted(statement.bind(...values));
    const own = { bind, all: sending("all"), first: sending("first"), raw: sending("raw"), run: sending("run") };
    const limited = replacing(statement, own);
    uncountedStatements.set(limited, statement);
    return limited;
  };

  const batch = async (statements: D1PreparedStatement[]) => {
    spend(statements.length);
    return database.batch(statements.map((statement) => uncountedStatements.get(statement) ?? statement));
  };
  const prepare = (query: string) => counted(database.prepare(query));
  const limited = replacing(database, { prepare: prepare as Method, batch: batch as Method });
  uncountedDatabases.set(limited, database);
  return { database: limited, left: () => left, refused: () => refused };
}
