import { describe, expect, it } from "vitest";
import { checkOutboundUrl } from "../../../src/platform/outbound/guard.ts";

const production = { environment: "production" } as const;
const development = { environment: "development" } as const;

const ruleFor = (url: string, settings: { environment: "production" | "development" | "staging" } = production) => {
  const checked = checkOutboundUrl(settings, url);
  return checked.ok ? null : [checked.code, checked.message];
};

const refused = (rule: string) => ["VALIDATION_ERROR", rule];

describe("what may be called", () => {
  it.each([
    "https://idp.example.com",
    "https://idp.example.com/.well-known/jwks.json?tenant=1",
    "https://idp.example.com:443/",
    "https://idp.example.com:8443/hook",
    "HTTPS://IDP.EXAMPLE.COM/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://under_score.example.com/",
    "https://localhost.example.com/",
    "https://internal.example.com/",
    "https://10.example.com/",
  ])("%s", (url) => {
    expect(checkOutboundUrl(production, url)).toMatchObject({ ok: true, value: new URL(url) });
  });
});

describe("what is refused, with the rule", () => {
  const form = "must be an absolute https URL";
  const address = "must name a host, not an IP address";
  const inward = "must not name a host of an internal network";
  const domain = "must name a host with a domain, such as idp.example.com";

  it.each<[string, string]>([
    ["", form],
    ["idp.example.com", form],
    ["//idp.example.com", form],
    ["/path", form],
    ["https:idp.example.com", form],
    ["https:/idp.example.com", form],
    ["https:\\\\idp.example.com", form],
    ["https://idp.example.com\\@evil.example", form],
    [" https://idp.example.com", form],
    ["https://idp.example.com/a\nb", form],
    ["https://idp.exam\tple.com/", form],
    ["https://idp.example.com/\0", form],
    ["https://", form],
    ["https://a b.example/", form],
    ["https://1.2.3.4.5/", form],
    ["ftp://idp.example.com/", form],
    ["file:///etc/passwd", form],
    ["data:text/plain,hello", form],
    ["javascript:alert(1)", form],
    ["http://idp.example.com/", "must be https"],
    ["http://localhost/", "must be https"],
    [`https://idp.example.com/${"a".repeat(2025)}`, "must have at most 2048 characters"],
    ["https://user@idp.example.com/", "must not hold credentials"],
    ["https://user:secret@idp.example.com/", "must not hold credentials"],
    ["https://idp.example.com@evil.example/", "must not hold credentials"],
    ["https://idp.example.com/#keys", "must not have a fragment"],
    ["https://idp.example.com/#", "must not have a fragment"],
    ["https://idp.example.com:444/", "must use port 443 or 8443"],
    ["https://idp.example.com:80/", "must use port 443 or 8443"],
    ["https://idp.example.com:22/", "must use port 443 or 8443"],
    // Spellings of IPv4 addresses, loopback, private, metadata and public.
    ["https://127.0.0.1/", address],
    ["https://127.1/", address],
    ["https://2130706433/", address],
    ["https://0x7f000001/", address],
    ["https://0x7f.0.0.1/", address],
    ["https://0177.0.0.1/", address],
    ["https://017700000001/", address],
    ["https://127.0.0.1./", address],
    ["https://１２７.０.０.１/", address],
    ["https://127%2e0%2e0%2e1/", address],
    ["https://0/", address],
    ["https://0.0.0.0/", address],
    ["https://169.254.169.254/latest/meta-data/", address],
    ["https://2852039166/", address],
    ["https://10.0.0.1/", address],
    ["https://8.8.8.8/", address],
    ["https://[::1]/", address],
    ["https://[::]/", address],
    ["https://[::ffff:127.0.0.1]/", address],
    ["https://[::ffff:a9fe:a9fe]/", address],
    ["https://[fe80::1]/", address],
    ["https://[2606:4700:4700::1111]/", address],
    ["https://localhost/", inward],
    ["https://LOCALHOST/", inward],
    ["https://localhost./", "must name a host without a trailing dot"],
    ["https://idp.example.com./", "must name a host without a trailing dot"],
    ["https://a.localhost/", inward],
    ["https://printer.local/", inward],
    ["https://vault.internal/", inward],
    ["https://metadata.google.internal/", inward],
    ["https://metadata.goog/", inward],
    ["https://instance-data.ec2.internal/", inward],
    ["https://router.lan/", inward],
    ["https://router.home/", inward],
    ["https://router.home.arpa/", inward],
    ["https://wiki.corp/", inward],
    ["https://wiki.intranet/", inward],
    ["https://kubernetes.default.svc/", inward],
    ["https://kubernetes.default.svc.cluster.local/", inward],
    ["https://hidden.onion/", inward],
    ["https://a.test/", inward],
    ["https://metadata/", domain],
    ["https://instance-data/", domain],
    ["https://vault/", domain],
  ])("%j: %s", (url, rule) => {
    expect(ruleFor(url)).toEqual(refused(rule));
  });

  it.each(["staging", "production"] as const)("loopback in %s", (environment) => {
    expect(ruleFor("http://localhost:8787/", { environment })).toEqual(refused("must be https"));
    expect(ruleFor("https://127.0.0.1/", { environment })).toEqual(refused(address));
  });
});

describe("in development", () => {
  it.each([
    "http://localhost:8787/",
    "https://localhost:9999/",
    "http://127.0.0.1:1234/jwks",
    "http://127.8.9.10/",
    "http://2130706433:8080/",
    "http://[::1]:8787/",
  ])("loopback is allowed: %s", (url) => {
    expect(ruleFor(url, development)).toBe(null);
  });

  it.each<[string, string]>([
    ["http://idp.example.com/", "must be https"],
    ["http://10.0.0.1/", "must be https"],
    ["https://10.0.0.1/", "must name a host, not an IP address"],
    ["https://169.254.169.254/", "must name a host, not an IP address"],
    ["https://[::ffff:127.0.0.1]/", "must name a host, not an IP address"],
    ["https://128.0.0.1/", "must name a host, not an IP address"],
    ["http://localhost.:8787/", "must be https"],
    ["http://user@localhost:8787/", "must not hold credentials"],
    ["https://idp.example.com:444/", "must use port 443 or 8443"],
  ])("nothing else is: %s", (url, rule) => {
    expect(ruleFor(url, development)).toEqual(refused(rule));
  });
});
