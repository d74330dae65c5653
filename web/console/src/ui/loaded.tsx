/** What was read, or what there is instead of it. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Skeleton } from "./skeleton.tsx";
import { Problem } from "./states.tsx";

interface LoadedProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** Of the size of what will be there */
  readonly skeleton?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/**
 * Loading, failed, forbidden, over limit, or there. Data from before a failure stays, with a mark.
 *
 * @example
 * ```tsx
 * <Loaded query={agents} skeleton={<Skeleton lines={10} />}>
 *   {(page) => (page.data.length === 0 ? <Empty title="No agents yet">…</Empty> : <AgentTable agents={page.data} />)}
 * </Loaded>
 * ```
 */
export function Loaded<Data>({ query, skeleton = <Skeleton />, children }: LoadedProps<Data>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) return query.isError ? <Problem error={query.error} onRetry={retry} /> : skeleton;
  return (
    <>
      {query.isError && <Problem error={query.error} onRetry={retry} isStale />}
      <div
        className={query.isPlaceholderData ? "renewing" : undefined}
        aria-busy={query.isPlaceholderData || undefined}
      >
        {children(query.data)}
      </div>
    </>
  );
}
