/**
 * The Worker with dependencies that fail now and then: one call in so many is not made, or its answer is lost. Put around
 * the bundle by `worker-process.ts`, for the second instance.
 */
import worker from "./worker.js";

export * from "./worker.js";

/** One call in so many fails. */
const oneIn = 60;

async function unreliable(call) {
  const dice = Math.random() * oneIn * 2;
  if (dice < 1) throw new Error("injected: not made");
  const answer = await call();
  if (dice < 2) throw new Error("injected: answer lost");
  return answer;
}

/** The same object, whose methods fail now and then, but for those given. */
const faulty = (target, own = {}) =>
  new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name];
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parameters) => unreliable(async () => Reflect.apply(member, target, parameters));
    },
  });

const rawStatements = new WeakMap();

function faultyStatement(raw) {
  const statement = faulty(raw, { bind: (...values) => faultyStatement(raw.bind(...values)) });
  rawStatements.set(statement, raw);
  return statement;
}

const faultyDatabase = (raw) =>
  faulty(raw, {
    prepare: (query) => faultyStatement(raw.prepare(query)),
    batch: (statements) => unreliable(() => raw.batch(statements.map((one) => rawStatements.get(one)))),
  });

const faultyObjects = (raw) =>
  faulty(raw, { idFromName: (name) => raw.idFromName(name), get: (id) => faulty(raw.get(id)) });

let known = null;

function faultyBindings(env) {
  known ??= {
    ...env,
    DB: faultyDatabase(env.DB),
    CACHE: faulty(env.CACHE),
    WEBHOOK_QUEUE: faulty(env.WEBHOOK_QUEUE),
    ORG_LEDGER: faultyObjects(env.ORG_LEDGER),
    DELEGATION_CHAIN: faultyObjects(env.DELEGATION_CHAIN),
    METRICS: faultyObjects(env.METRICS),
  };
  return known;
}

// biome-ignore lint/style/noDefaultExport: the platform asks for it
export default { fetch: (request, env, execution) => worker.fetch(request, faultyBindings(env), execution) };
