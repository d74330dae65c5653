/** `/reference`: nothing is stored, and the explorer's requests carry the token that the visitor gave. Runs before the explorer. */

// The explorer would keep pasted tokens and inputs there. Without it, it keeps them in memory.
Object.defineProperty(globalThis, "localStorage", { value: undefined });

/** How long a token of the form may be used. */
const lifeMs = 5 * 60_000;

interface Held {
  readonly token: string;
  /** Of a token of the form, which is ended here. Null for a pasted one, which belongs to the visitor. */
  readonly timer: number | null;
}

let held: Held | null = null;
const send = globalThis.fetch.bind(globalThis);

const found = <T extends Element>(selector: string, type: new () => T): T => {
  const element = document.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`${selector} is missing`);
};
const state = found("#state", HTMLElement);
const forgetButton = found("#forget", HTMLButtonElement);

function show(text: string): void {
  state.textContent = text;
  forgetButton.hidden = held === null;
}

/** RFC 7009. `keepalive`: it arrives also when the page is closed. */
function revoke(token: string): void {
  send("/api/v1/token/revoke", {
    method: "POST",
    keepalive: true,
    headers: { Authorization: `Bearer ${token}` },
    body: new URLSearchParams({ token }),
  }).catch(() => show("none. The last one could not be revoked and expires by itself"));
}

function forget(): void {
  if (held === null) return;
  const { token, timer } = held;
  held = null;
  if (timer !== null) {
    clearTimeout(timer);
    revoke(token);
  }
  show("none");
}

/** The values of a form, which is empty afterwards. */
function valuesOf(form: HTMLFormElement): URLSearchParams {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") values.set(name, String(value).trim());
  form.reset();
  return values;
}

async function fetchToken(form: HTMLFormElement): Promise<void> {
  const body = valuesOf(form);
  body.set("grant_type", "client_credentials");
  show("asking …");
  const answer = await send("/api/v1/token", { method: "POST", body });
  const { access_token: token, expires_in: seconds, scope, error_description: why } = await answer.json();
  if (!answer.ok) return show(`none. ${why}`);
  const timer = setTimeout(forget, Math.min(lifeMs, seconds * 1000));
  held = { token, timer };
  show(`from the form, for 5 minutes, with ${scope || "no scope"}`);
}

found("#fetch", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  forget();
  fetchToken(event.currentTarget as HTMLFormElement).catch(() => show("none. The service did not answer"));
});
found("#paste", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  forget();
  held = { token: valuesOf(event.currentTarget as HTMLFormElement).get("token") ?? "", timer: null };
  show("pasted");
});
forgetButton.addEventListener("click", forget);
// Also where the browser keeps the page in memory to come back to it.
addEventListener("pagehide", forget);

/** Token endpoints take the client's own authentication, and one method of it alone (RFC 6749 2.3). */
const isTokenEndpoint = /^\/api\/v1\/(?:oauth2\/|oidc\/)?token$/;

/** What the explorer sends when its own field is empty. */
const placeholder = "Bearer 123";

globalThis.fetch = (input, init) => {
  const request = new Request(input, init);
  const { headers } = request;
  const { origin, pathname } = new URL(request.url);
  if (headers.get("Authorization") === placeholder) headers.delete("Authorization");
  const takesToken = origin === location.origin && !isTokenEndpoint.test(pathname) && !headers.has("Authorization");
  if (held !== null && takesToken) headers.set("Authorization", `Bearer ${held.token}`);
  return send(request);
};
