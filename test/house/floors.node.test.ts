/** The floors of the house and the arrows between its rooms: none upwards, no circle. `npx vitest run test/house/floors` prints both. */
import { expect, it } from "vitest";
import { floorOf, modules, unitOf } from "./_source.ts";

interface Arrow {
  readonly from: string;
  readonly to: string;
}

const arrows: readonly Arrow[] = modules.flatMap(({ path, imports }) =>
  imports
    .filter(({ isPackage, target }) => !isPackage && !target.startsWith(".."))
    .map(({ target }) => ({ from: path, to: target })),
);

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** What each file, each room or each floor imports from. */
function graphOf(unit: (path: string) => string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of arrows) {
    if (unit(from) !== unit(to)) graph.set(unit(from), (graph.get(unit(from)) ?? new Set()).add(unit(to)));
  }
  return graph;
}

const neighbours = graphOf(unitOf);

/** Those from which one comes back to where one began. */
function inCircles(graph: Graph): string[] {
  const reachesItself = (start: string) => {
    const reached = new Set<string>();
    const waiting = [...(graph.get(start) ?? [])];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (reached.has(one)) continue;
      reached.add(one);
      waiting.push(...(graph.get(one) ?? []));
    }
    return reached.has(start);
  };
  return [...graph.keys()].filter(reachesItself).sort();
}

it("every file stands on a floor", () => {
  expect(modules.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path)).toStrictEqual([]);
});

it("the arrows between rooms are seen", () => {
  expect(neighbours.get("identity/agents")).toContain("platform");
  expect(neighbours.get("identity")).toContain("identity/agents");
  expect(neighbours.get("worker.ts")).toContain("identity");
  console.log(
    [...neighbours]
      .map(([unit, others]) => `${unit} → ${[...others].sort().join(", ")}`)
      .sort()
      .join("\n"),
  );
});

it("deliveries import none of those that use them", () => {
  const others = [...(neighbours.get("deliveries") ?? [])];
  expect(others).toContain("platform");
  expect(others.filter((unit) => !["platform", "access", "events", "ledger"].includes(unit))).toStrictEqual([]);
});

it("no arrow goes upwards", () => {
  const upwards = arrows.filter(({ from, to }) => floorOf(to) > floorOf(from)).map(({ from, to }) => `${from} → ${to}`);
  expect(upwards.sort()).toStrictEqual([]);
});

it("rooms form no circle", () => {
  expect(inCircles(neighbours)).toStrictEqual([]);
});

it("files form no circle, not even one of types", () => {
  expect(inCircles(graphOf((path) => path))).toStrictEqual([]);
});

it("a circle is seen", () => {
  const arrowsOf = (...ends: readonly [string, string][]) => new Map(ends.map(([from, to]) => [from, new Set([to])]));
  expect(inCircles(arrowsOf(["a", "b"], ["b", "c"], ["c", "b"]))).toStrictEqual(["b", "c"]);
});
