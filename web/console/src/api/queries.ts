/** How screens read: one definition of a query by the name of its call, so that a key is never written by hand. */
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { type AnswerOf, type CallName, call, callWithTag, type Input, pathOf, type Tagged } from "./client.ts";
import { ApiProblem } from "./problem.ts";

/** Statuses that another attempt can change. */
const isPassing = (error: unknown) => error instanceof ApiProblem && (error.status === 0 || error.status >= 502);

/** The cache of what was read. Secrets are answers of changes, and those are never kept (`gcTime: 0`). */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        gcTime: 5 * 60_000,
        retry: (failures, error) => failures < 2 && isPassing(error),
        retryDelay: (failures) => 500 * 2 ** failures,
        // A hidden tab reads nothing; it reads anew when it is looked at.
        refetchIntervalInBackground: false,
        // A browser can be wrong about being offline; the request shows what is true.
        networkMode: "always",
      },
      mutations: { retry: false, gcTime: 0, networkMode: "always" },
    },
  });
}

type ReadName = Extract<CallName, `GET ${string}`>;
type Rest<Name extends ReadName> = Parameters<typeof call<Name>> extends [unknown, ...infer Other] ? Other : never;

/**
 * The query of a call. Its key is the path's parts, so that `invalidateQueries({ queryKey: ["/agents"] })` covers the list and each agent.
 *
 * @example
 * ```tsx
 * const agents = useQuery(read("GET /agents", { query: { status: "active" } }));
 * ```
 */
export function read<Name extends ReadName>(name: Name, ...rest: Rest<Name>) {
  const input = rest[0] as Input<Name> | undefined;
  return queryOptions<AnswerOf<Name>>({
    queryKey: keyOf(name, input),
    queryFn: ({ signal }) => (call as Loose<AnswerOf<Name>>)(name, { ...input, signal }),
  });
}

/** As `read`, with the record's `ETag`. */
export function readTagged<Name extends ReadName>(name: Name, ...rest: Rest<Name>) {
  const input = rest[0] as Input<Name> | undefined;
  return queryOptions<Tagged<AnswerOf<Name>>>({
    queryKey: [...keyOf(name, input), "tagged"],
    queryFn: ({ signal }) => (callWithTag as Loose<Tagged<AnswerOf<Name>>>)(name, { ...input, signal }),
  });
}

type Loose<Answer> = (name: CallName, input: object) => Promise<Answer>;

function keyOf(name: CallName, input: object | undefined): string[] {
  const [path = "", query = ""] = pathOf(name, input).split("?");
  const parts = path.split("/").filter((part) => part !== "");
  return [...parts.map((part, index) => (index === 0 ? `/${part}` : part)), ...(query === "" ? [] : [`?${query}`])];
}
