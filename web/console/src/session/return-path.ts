/** Where the user goes after signing in: where the user was. */

/** The path below `/console`, if it is one; a link from elsewhere must not lead to another site. */
export function returnPath(from: string | undefined): string {
  if (from === undefined || !from.startsWith("/") || from.startsWith("//") || from.includes("\\")) return "/";
  return from.startsWith("/sign-in") ? "/" : from;
}

/** The query of the sign-in: where the user was, and why the session has ended. */
export const signInSearch = (ended: string | null, from: string): { from?: string; ended?: string } => ({
  ...(from === "/" ? {} : { from }),
  ...(ended === null ? {} : { ended }),
});
