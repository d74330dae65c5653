/** Rounds: every subject has a turn in each, so that other work on the machine affects all alike. */
import { type Figures, type Request, run } from "./load.ts";

/** A server that is measured, and the request to it. */
export interface Subject {
  readonly name: string;
  readonly origin: string;
  readonly request: Request | (() => Request);
  /** Runs before each turn, with the length of the turn. */
  readonly prepare?: (seconds: number) => Promise<void>;
  /** Runs after each turn: finishes deferred work, so that it does not slow the next subject. */
  readonly settle?: () => Promise<void>;
}

export interface Pace {
  readonly rounds: number;
  /** The measured time of a turn, in seconds, and the time before it. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Requests before the first round, because V8 interprets new code slowly. */
  readonly firstRequests: number;
}

/** The turns of one subject at one number of connections. */
export interface Turns {
  readonly name: string;
  readonly connections: number;
  /** Medians over the rounds. */
  readonly median: Figures;
  /** The lowest and the highest throughput of a round. */
  readonly range: readonly [lowest: number, highest: number];
  /** Throughput divided by that of each other subject: the median of the ratios within a round. */
  readonly against: Readonly<Record<string, number>>;
  readonly rounds: readonly Figures[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return sorted.length % 2 === 0 ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}

async function turn(subject: Subject, connections: number, { seconds, warmUpSeconds }: Pace): Promise<Figures> {
  const { origin, request } = subject;
  await subject.prepare?.(seconds + warmUpSeconds);
  await run({ origin, request, connections, until: { seconds: warmUpSeconds } });
  const figures = await run({ origin, request, connections, until: { seconds } });
  await subject.settle?.();
  return figures;
}

function summarize(name: string, connections: number, all: ReadonlyMap<string, readonly Figures[]>): Turns {
  const rounds = all.get(name) ?? [];
  const throughput = rounds.map(({ requestsPerSecond }) => requestsPerSecond);
  const others = [...all].filter(([other]) => other !== name);
  const against = others.map(([other, figures]) => {
    const ratios = figures.map(({ requestsPerSecond }, round) => (throughput[round] ?? Number.NaN) / requestsPerSecond);
    return [other, median(ratios)] as const;
  });
  return {
    name,
    connections,
    median: {
      requestsPerSecond: median(throughput),
      p50: median(rounds.map(({ p50 }) => p50)),
      p99: median(rounds.map(({ p99 }) => p99)),
    },
    range: [Math.min(...throughput), Math.max(...throughput)],
    against: Object.fromEntries(against),
    rounds,
  };
}

async function warmUp({ origin, request, prepare, settle }: Subject, requests: number): Promise<void> {
  await prepare?.(1);
  await run({ origin, request, connections: 32, until: { requests } });
  await settle?.();
}

/** Measures all subjects at each number of connections, in the order A B C A B C …, and reports each round. */
export async function interleave(
  subjects: readonly Subject[],
  connections: readonly number[],
  pace: Pace,
  progress: (line: string) => void,
): Promise<Turns[]> {
  const results: Turns[] = [];
  for (const subject of subjects) await warmUp(subject, pace.firstRequests);
  for (const count of connections) {
    const all = new Map<string, Figures[]>(subjects.map(({ name }) => [name, []]));
    for (let round = 1; round <= pace.rounds; round++) {
      const line: string[] = [];
      for (const subject of subjects) {
        const figures = await turn(subject, count, pace);
        all.get(subject.name)?.push(figures);
        line.push(`${subject.name} ${Math.round(figures.requestsPerSecond)}/s`);
      }
      progress(`${count} connections, round ${round} of ${pace.rounds}: ${line.join(", ")}`);
    }
    results.push(...subjects.map(({ name }) => summarize(name, count, all)));
  }
  return results;
}
