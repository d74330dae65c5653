/** Percent-encoding (RFC 3986 2.1) in the form in which two URIs are compared. */

const unreserved = /[A-Za-z0-9._~-]/;

/** `%7e` → `~`, `%2f` → `%2F`: an escape of an unreserved character means the character (RFC 3986 6.2.2). */
export const normalEscapes = (path: string): string =>
  path.replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : escaped.toUpperCase();
  });
