/** The files that crawlers and security researchers look for at fixed addresses. */
import type { Settings } from "../env.ts";

/** RFC 9309. Pages are for search engines; the API, the console, and the documents of single agents are not. */
export const robots = ({ issuer }: Pick<Settings, "issuer">): string => `User-agent: *
Disallow: /api/
Disallow: /agents/
Disallow: /orgs/
Disallow: /console

Sitemap: ${issuer}/sitemap.xml
`;

const dayMs = 24 * 60 * 60 * 1000;

/** How long a reader can rely on the contact: well below the year of RFC 9116 2.5.5. */
const validDays = 90;

/** RFC 9116; null without a contact, which the file must have (2.5.3). `Expires` changes once a day. */
export function securityTxt({ issuer, operator }: Pick<Settings, "issuer" | "operator">, nowMs: number): string | null {
  if (operator.contact === null) return null;
  const expires = new Date((Math.floor(nowMs / dayMs) + validDays) * dayMs).toISOString();
  return `Contact: ${operator.contact}
Expires: ${expires}
Canonical: ${issuer}/.well-known/security.txt
`;
}
