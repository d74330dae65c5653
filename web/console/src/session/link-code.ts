/** The code of a one-time link, `/console/sign-in#code=…`. */

let code: string | null = null;

/** Takes the code out of the address bar and of the history, before anything else runs. */
export function removeLinkCode(location: Location, history: History): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("code");
  if (given === null) return;
  code = given;
  history.replaceState(history.state, "", `${location.pathname}${location.search}`);
}

/** The code, once. */
export function takeLinkCode(): string | null {
  const taken = code;
  code = null;
  return taken;
}
