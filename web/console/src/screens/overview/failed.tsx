/** Why some figures could not be read: said once for all of them. */
import { type Query, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { Problem } from "../../ui/states.tsx";

const isFailed = (query: Query) => query.state.status === "error" && query.getObserversCount() > 0;

export function FailedFigures() {
  const client = useQueryClient();
  const cache = client.getQueryCache();
  const failed = useSyncExternalStore(
    (listener) => cache.subscribe(listener),
    () => cache.getAll().find(isFailed),
  );
  if (failed === undefined) return null;
  return (
    <Problem
      error={failed.state.error}
      onRetry={() => void client.refetchQueries({ type: "active", predicate: isFailed })}
    />
  );
}
