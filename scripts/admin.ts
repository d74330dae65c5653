/** The first admin of the local Worker. It is created once and stored in `.local/admin.env`. */
import { Advice } from "./advice.ts";
import { adminEnvPath, readAssignments, writePrivateFile } from "./files.ts";
import { type KeyIds, localKeyIds } from "./sealed-keys.ts";

/** The URL of the local Worker and the credential of its admin. */
export interface Admin {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const removal = "rm -rf .wrangler .local";
const reset = `To start over with an empty database: ${removal}`;

/** The admin in `.local/admin.env`; null without a complete one. */
export function storedAdmin(): Admin | null {
  const assignments = readAssignments(adminEnvPath);
  const [url, clientId, clientSecret] = ["API_URL", "CLIENT_ID", "CLIENT_SECRET"].map((name) =>
    assignments.get(`AGENTIDP_${name}`),
  );
  return url && clientId && clientSecret ? { url, clientId, clientSecret } : null;
}

function store(admin: Admin): Admin {
  const { url, clientId, clientSecret } = admin;
  const text = `AGENTIDP_API_URL=${url}\nAGENTIDP_CLIENT_ID=${clientId}\nAGENTIDP_CLIENT_SECRET=${clientSecret}\n`;
  writePrivateFile(adminEnvPath, text);
  return admin;
}

/** What to do when the stored admin cannot sign in. The key comes first, because the reset deletes what the key would open. */
export function adviceFor(refusal: string, { present, missing }: KeyIds): string {
  const problem = `The admin of .local/admin.env cannot sign in ${refusal}`;
  if (missing.length === 0) {
    // A deleted line was made anew by this start, under the same id: another value of a key looks like no missing key.
    return `${problem}
Probably .local/admin.env, .dev.vars and the database in .wrangler do not belong together.
If KEY_ENCRYPTION_KEYS or SECRET_HASH_KEYS of .dev.vars was changed, or deleted and made anew, put the old value back: everything works as before.
${reset}`;
  }
  const list = [...present, ...missing].map((id) => `${id}:…`).join(",");
  return `${problem}
The database needs a key that KEY_ENCRYPTION_KEYS in .dev.vars does not have: ${missing.join(", ")}
Add it again at the end, and everything works as before: KEY_ENCRYPTION_KEYS=${list}
Only if it is lost, start over with an empty database: ${removal}`;
}

async function checkSignIn(admin: Admin): Promise<Admin> {
  const answer = await fetch(`${admin.url}/api/v1/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${admin.clientId}:${admin.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const text = await answer.text();
  if (answer.ok) return admin;
  throw new Advice(adviceFor(`(${answer.status}): ${text}`, localKeyIds()));
}

/**
 * Performs the set-up, or returns the stored admin of an earlier set-up.
 *
 * @throws {Advice} when the admin is not stored in this checkout, or its secret is refused
 */
export async function ensureAdmin(url: string, setupToken: string): Promise<Admin> {
  const answer = await fetch(`${url}/api/v1/setup`, {
    method: "POST",
    headers: { Authorization: `Bearer ${setupToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ organizationName: "Operator", slug: "operator", adminEmail: "admin@operator.example" }),
  });
  const text = await answer.text();
  if (answer.status === 201) {
    const { admin } = JSON.parse(text) as { admin: { clientId: string; clientSecret: string } };
    return checkSignIn(store({ url, clientId: admin.clientId, clientSecret: admin.clientSecret }));
  }
  if (answer.status !== 409) throw new Error(`The set-up failed (${answer.status}): ${text}`);
  const stored = storedAdmin();
  if (!stored) {
    throw new Advice(
      `This database is already set up, and .local/admin.env is missing: the admin's secret cannot be shown again. ${reset}`,
    );
  }
  return checkSignIn(stored.url === url ? stored : store({ ...stored, url }));
}
