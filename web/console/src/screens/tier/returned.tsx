/** What happened at Stripe, for someone who comes back from its page. */
import { useEffect, useRef } from "react";
import type { PlanTier } from "../../api/schema.ts";
import { Button } from "../../ui/button.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { wantedTier, wantTier } from "./wanted-tier.ts";

interface ReturnedProps {
  readonly tier: PlanTier | undefined;
  readonly reread: () => void;
}

const everyMs = 3000;

/** Stripe reports the payment by itself, seconds after the person is back: the tier is read anew until it has changed. */
function useRereading(isWaiting: boolean, reread: () => void): void {
  const latest = useRef(reread);
  latest.current = reread;
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [isWaiting]);
}

export function Returned({ tier, reread }: ReturnedProps) {
  const { values, set } = useSearchState({ payment: oneOf("paid", "cancelled") });
  const target = wantedTier();
  const isPending = values.payment === "paid" && (target === null ? tier === "free" : tier !== target);
  useRereading(isPending && tier !== undefined, reread);
  if (values.payment === undefined) return null;
  const end = () => {
    wantTier(null);
    set({ payment: undefined });
  };
  const close = <Button onClick={end}>Close</Button>;
  if (values.payment === "cancelled") {
    return (
      <div className="state" role="status">
        <h2>Nothing was changed</h2>
        <p>The page of Stripe was left without a payment. The tier and the subscription are as before.</p>
        <p className="actions">{close}</p>
      </div>
    );
  }
  return isPending ? (
    <div className="state warn" role="status">
      <h2>Waiting for Stripe</h2>
      <p>
        The payment is made; the tier changes when Stripe reports it, mostly within a minute. This page looks again by
        itself.
      </p>
    </div>
  ) : (
    <div className="state" role="status">
      <h2>The tier is {tier}</h2>
      <p>Stripe has reported the payment. The new limits count from now on.</p>
      <p className="actions">{close}</p>
    </div>
  );
}
