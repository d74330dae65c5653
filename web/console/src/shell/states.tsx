/** Screens that are there instead of one: not found, forbidden, failed, on its way. */

import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useRouter } from "@tanstack/react-router";
import type { PlatformScope } from "../api/schema.ts";
import { Link } from "../ui/link.tsx";
import { Page } from "../ui/page.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { Forbidden, Problem } from "../ui/states.tsx";

export function NotFoundScreen() {
  return (
    <Page title="Not found">
      <p>
        There is nothing at this address, or it belongs to another organization. Ids of records that were erased lead
        here too.
      </p>
      <p>
        <Link to="/">Go to the overview</Link>
      </p>
    </Page>
  );
}

export function ForbiddenScreen({ title, scope }: { readonly title: string; readonly scope: PlatformScope }) {
  return (
    <Page title={title}>
      <Forbidden scope={scope} />
    </Page>
  );
}

/** A screen could not be loaded, or failed while it was drawn. The menu stays. */
export function ProblemScreen({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const boundary = useQueryErrorResetBoundary();
  return (
    <Page title="Something went wrong">
      <Problem
        error={error}
        onRetry={() => {
          boundary.reset();
          reset();
          void router.invalidate();
        }}
      />
    </Page>
  );
}

/** The same where there is no menu, since not even the session could be read. */
export function ProblemAlone(props: ErrorComponentProps) {
  return (
    <main id="content" className="alone">
      <ProblemScreen {...props} />
    </main>
  );
}

export function PendingScreen() {
  return (
    <div className="page">
      <Skeleton lines={8} />
    </div>
  );
}
