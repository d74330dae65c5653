/** The tier that an upgrade was begun for, while the browser is at Stripe: the way back does not say it. */

const key = "upgrade-to";

export const wantedTier = (): string | null => sessionStorage.getItem(key);

export function wantTier(tier: string | null): void {
  if (tier === null) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, tier);
}
