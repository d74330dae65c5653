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

/** Which rooms and floors each of them imports from. */
const neighbours = new Map<string, Set<string>>();
for (const { from, to } of arrows) {
  const [unit, other] = [unitOf(from), unitOf(to)];
  if (unit !== other) neighbours.set(unit, (neighbours.get(unit) ?? new Set()).add(other));
}

/** All that can be reached from a room over one arrow or more. */
function reachableFrom(start: string): Set<string> {
  const reached = new Set<string>();
  const waiting = [...(neighbours.get(start) ?? [])];
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop()) {
    if (reached.has(unit)) continue;
    reached.add(unit);
    waiting.push(...(neighbours.get(unit) ?? []));
  }
  return reached;
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
  const inCircle = [...neighbours.keys()].filter((unit) => reachableFrom(unit).has(unit));
  expect(inCircle.sort()).toStrictEqual([]);
});
