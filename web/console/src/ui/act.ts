/**
 * One change, begun by the user. What it answers is given to the caller only and is kept nowhere: an answer can have a secret.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { newIdempotencyKey } from "../api/client.ts";
import { type ApiProblem, asProblem } from "../api/problem.ts";

export type Outcome<Value> =
  | { readonly value: Value; readonly problem?: never }
  | { readonly value?: never; readonly problem: ApiProblem };

export interface Act<Input, Value> {
  /** Does it. Never throws. While it runs, a second call waits for the first and does nothing of its own. */
  run(input: Input): Promise<Outcome<Value>>;
  readonly isRunning: boolean;
  /** Why the last run failed */
  readonly problem: ApiProblem | null;
  /** Forgets the problem. */
  clear(): void;
}

interface Options {
  /** The first parts of the queries that are read anew after success: `["/agents"]` */
  readonly refresh?: readonly string[];
}

/**
 * @param act gets the input and an `Idempotency-Key`, the same for each attempt with the same input
 *
 * @example
 * ```tsx
 * const suspend = useAct((agentId: string) => call("PATCH /agents/{agentId}", { path: { agentId }, body: { status: "suspended" } }), { refresh: ["/agents"] });
 * const { value, problem } = await suspend.run(agentId);
 * ```
 */
export function useAct<Value, Input = void>(
  act: (input: Input, idempotencyKey: string) => Promise<Value>,
  { refresh = [] }: Options = {},
): Act<Input, Value> {
  const client = useQueryClient();
  const [state, setState] = useState<{ isRunning: boolean; problem: ApiProblem | null }>(idle);
  const running = useRef<Promise<Outcome<Value>> | null>(null);
  const attempt = useRef({ input: "", key: "" });

  async function attemptOf(input: Input): Promise<Outcome<Value>> {
    const asText = JSON.stringify(input) ?? "";
    if (attempt.current.key === "" || attempt.current.input !== asText) {
      attempt.current = { input: asText, key: newIdempotencyKey() };
    }
    setState({ isRunning: true, problem: null });
    try {
      const value = await act(input, attempt.current.key);
      attempt.current = { input: "", key: "" };
      setState(idle);
      await Promise.all(refresh.map((part) => client.invalidateQueries({ queryKey: [part] })));
      return { value };
    } catch (error) {
      const problem = asProblem(error);
      setState({ isRunning: false, problem });
      return { problem };
    }
  }

  return {
    ...state,
    clear: () => setState(idle),
    run: (input) => {
      running.current ??= attemptOf(input).finally(() => {
        running.current = null;
      });
      return running.current;
    },
  };
}

const idle = { isRunning: false, problem: null } as const;
