/** The first admin of the local Worker: made once, remembered in `.local/admin.env`. */
import { Advice } from "./advice.ts";
import { adminEnvPath, readAssignments, writePrivateFile } from "./files.ts";

/** How to call the local Worker. */
export interface Admin {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const reset = "To start over with an empty database: rm -rf .wrangler .local";

/** The admin that `.local/admin.env` remembers, if it is there and whole. */
export function rememberedAdmin(): Admin | null {
  const known = readAssignments(adminEnvPath);
  const [url, clientId, clientSecret] = ["API_URL", "CLIENT_ID", "CLIENT_SECRET"].map((name) =>
    known.get(`AGENTIDP_${name}`),
  );
  return url && clientId && clientSecret ? { url, clientId, clientSecret } : null;
}

function remember(admin: Admin): Admin {
  writePrivateFile(
    adminEnvPath,
    `AGENTIDP_API_URL=${admin.url}\nAGENTIDP_CLIENT_ID=${admin.clientId}\nAGENTIDP_CLIENT_SECRET=${admin.clientSecret}\n`,
  );
  return admin;
}

async function checkSignIn(admin: Admin): Promise<Admin> {
  const answer = await fetch(`${admin.url}/api/v1/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${admin.clientId}:${admin.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const text = await answer.text();
  if (answer.ok) return admin;
  throw new Advice(
    `The admin of .local/admin.env cannot sign in (${answer.status}): ${text}\n` +
      `Most likely its file, .dev.vars and the database in .wrangler do not belong together. ${reset}`,
  );
}

/**
 * Performs the set-up if this database has none yet; otherwise answers with the admin of the first time.
 *
 * @throws {Advice} when the database has an admin that this checkout does not know, or whose secret it refuses
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
    return checkSignIn(remember({ url, clientId: admin.clientId, clientSecret: admin.clientSecret }));
  }
  if (answer.status !== 409) throw new Error(`The set-up failed (${answer.status}): ${text}`);
  const known = rememberedAdmin();
  if (!known) {
    throw new Advice(
      `The set-up of this database was done before, and .local/admin.env is missing: the admin's secret cannot be shown again. ${reset}`,
    );
  }
  return checkSignIn(known.url === url ? known : remember({ ...known, url }));
}
