/**
 * Pages of the portal, with what only a running service knows: its issuer, who operates it, and the values of a route. A page of HTML
 * has elements with `data-fill`, every other file has names in double braces.
 */

import type { Context as HonoContext } from "hono";
import type { BaseEnv } from "../http/app-env.ts";
import { entityTagOf, entityTagsIn, isKnown } from "../http/entity-tags.ts";
import { fail } from "../http/respond.ts";
import { problem } from "../problems/problems.ts";
import type { Settings } from "../settings.ts";
import { count } from "../telemetry/recording.ts";
import { openFile, typeOf } from "./assets.ts";
import { html, type Markup } from "./document.ts";
import { contentSecurityPolicy } from "./policy.ts";

/** A value in both forms of a page. */
export interface Fill {
  readonly html: Markup;
  readonly markdown: string;
}

export type Fills = Readonly<Record<string, Fill>>;

const escaped = (text: string) => html`${text}`;

/** What every page may show of the service. Without settings, which are then broken, a page shows nothing of it. */
function ofService(settings: Pick<Settings, "issuer" | "operator"> | null): Fills {
  if (settings === null) return {};
  const { issuer, operator } = settings;
  const whose = operator.name === null ? "" : html`Operated by ${operator.name}. `;
  const contact = operator.contact === null ? "" : html`<a href="${operator.contact}">Contact the operator</a>. `;
  return {
    issuer: { html: escaped(issuer), markdown: issuer },
    operator: { html: html`${whose}${contact}`, markdown: operator.name ?? "" },
  };
}

/** The address in the head of a page is whole: search engines and previews take no other. */
const addresses = [
  ["link[rel=canonical]", "href"],
  ['meta[property="og:url"]', "content"],
] as const;

function fillHtml(page: Response, fills: Fills, origin: string): Response {
  const rewriter = new HTMLRewriter().on("[data-fill]", {
    element(found) {
      const fill = fills[found.getAttribute("data-fill") ?? ""];
      if (fill) found.setInnerContent(fill.html.toString(), { html: true });
      found.removeAttribute("data-fill");
    },
  });
  for (const [selector, name] of addresses) {
    rewriter.on(selector, {
      element(found) {
        found.setAttribute(name, `${origin}${found.getAttribute(name) ?? ""}`);
      },
    });
  }
  return rewriter.transform(page);
}

const fillText = (text: string, fills: Fills): string =>
  text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => fills[name]?.markdown ?? whole);

interface Options {
  readonly fills?: Fills;
  /** Null where the settings are not read: the page is there also when they are broken. */
  readonly settings: Pick<Settings, "issuer" | "operator"> | null;
  readonly maxAgeSeconds?: number;
}

/**
 * Answers with a page: 200, or 304 for `If-None-Match`. Its entity tag changes with the file and with every value.
 *
 * @param path in `web/dist`, as `/pages/pricing.html`
 */
export async function filledPage<E extends BaseEnv>(c: HonoContext<E>, path: string, options: Options) {
  const { settings, maxAgeSeconds = 300 } = options;
  const file = await openFile(c.env.ASSETS, path);
  if (file === null) return fail(c, problem("NOT_FOUND"));
  const isHtml = path.endsWith(".html");
  if (isHtml) count("agentidp_web_pages_total", { area: "portal" });
  const fills = { ...ofService(settings), ...options.fills };
  const origin = settings?.issuer ?? "";
  const tag = entityTagOf([
    file.headers.get("ETag"),
    origin,
    Object.entries(fills).map(([name, { html, markdown }]) => [name, html.toString(), markdown]),
  ]);
  const headers = {
    "Cache-Control": `public, max-age=${maxAgeSeconds}`,
    "Content-Security-Policy": contentSecurityPolicy,
    ETag: tag,
  };
  if (isKnown({ ifNoneMatch: entityTagsIn(c.req.header("If-None-Match")) }, tag)) {
    await file.body?.cancel();
    return c.body(null, 304, headers);
  }
  const typed = { ...headers, "Content-Type": typeOf(path) };
  const text = isHtml ? await fillHtml(file, fills, origin).text() : fillText(await file.text(), fills);
  return c.body(text, 200, typed);
}
