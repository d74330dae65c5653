/**
 * `<sentryagent-controls>`: the controls on another page. The element calls the service that the script is from, without
 * cookie and referrer. It creates every node itself, without markup, inline style and evaluation: it works under a strict
 * Content-Security-Policy with Trusted Types, and an answer is never more than text.
 */
import { type Control, type ControlStatus, controlStatuses } from "../../catalogue.ts";
import { controlsStyle } from "./style.ts";
import type { Node as Tree } from "./tree.ts";
import { view } from "./view.ts";

const answerWithinMs = 10_000;
const refreshMs = 60_000;
/** Random, so that the pages of many visitors do not call at the same time. */
const refreshSpreadMs = 15_000;
const firstRetryMs = 15_000;
const lastRetryMs = 600_000;
/** Limits of an answer. */
const mostControls = 50;
const longestText = 300;

const svgNamespace = "http://www.w3.org/2000/svg";

/** The URL of this script. A module has no current script: it is found by its path. */
function scriptUrl(): string | null {
  const current = document.currentScript;
  if (current instanceof HTMLScriptElement && current.src) return current.src;
  const scripts = [...document.querySelectorAll("script")];
  return scripts.find(({ src }) => URL.canParse(src) && new URL(src).pathname === "/embed/controls.js")?.src ?? null;
}

const home = scriptUrl();

function isNodeOf(node: ChildNode | undefined, tag: string): node is Element & ChildNode {
  return node instanceof Element && node.localName === tag;
}

/** Makes the children of a node those of the tree. Equal nodes stay, for selections and screen readers. */
function show(parent: Element | ShadowRoot, trees: readonly Tree[]): void {
  trees.forEach((tree, index) => {
    const present = parent.childNodes[index];
    if (typeof tree === "string") {
      if (!(present instanceof Text)) parent.insertBefore(document.createTextNode(tree), present ?? null);
      else if (present.data !== tree) present.data = tree;
      return;
    }
    const isSvg = tree.tag === "svg" || (parent instanceof Element && parent.namespaceURI === svgNamespace);
    let node: Element;
    if (isNodeOf(present, tree.tag)) {
      node = present;
    } else {
      node = isSvg ? document.createElementNS(svgNamespace, tree.tag) : document.createElement(tree.tag);
      parent.insertBefore(node, present ?? null);
    }
    for (const name of node.getAttributeNames()) if (!(name in tree.attributes)) node.removeAttribute(name);
    for (const [name, value] of Object.entries(tree.attributes)) {
      if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    }
    show(node, tree.children);
  });
  while (parent.childNodes.length > trees.length) parent.lastChild?.remove();
}

const textOf = (value: unknown) => (typeof value === "string" ? value.slice(0, longestText) : "");

function statusOf(value: unknown): ControlStatus {
  return controlStatuses.find((status) => status === value) ?? "unknown";
}

function controlOf(value: unknown): Control[] {
  if (typeof value !== "object" || value === null) return [];
  const { id, name, status, lastChecked, evidence } = value as Record<string, unknown>;
  const control = { id: textOf(id), name: textOf(name), status: statusOf(status), evidence: textOf(evidence) };
  return control.name === "" ? [] : [{ ...control, lastChecked: textOf(lastChecked) || null }];
}

/** The controls of an answer. Throws when it has none. */
function controlsOf(answer: unknown): readonly Control[] {
  const listed = (answer as { controls?: unknown } | null)?.controls;
  const controls = Array.isArray(listed) ? listed.slice(0, mostControls).flatMap(controlOf) : [];
  if (controls.length === 0) throw new TypeError("no controls in the answer");
  return controls;
}

async function fetchControls(url: string, signal: AbortSignal): Promise<readonly Control[]> {
  const answer = await fetch(url, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return controlsOf(await answer.json());
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(controlsStyle);

class SentryAgentControls extends HTMLElement {
  static readonly observedAttributes = ["src", "heading"];

  /** Exists already when the service rendered the page. */
  readonly #root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
  #connection: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #controls: readonly Control[] | null = null;
  #failures = 0;
  /** Milliseconds of `performance.now()`. */
  #refreshAt = 0;

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.querySelector("style")?.remove();
    const connection = new AbortController();
    this.#connection = connection;
    const { signal } = connection;
    document.addEventListener("visibilitychange", () => this.#schedule(), { signal });
    addEventListener("online", () => void this.#refresh(), { signal });
    if (!this.#root.hasChildNodes()) this.#show(true);
    void this.#refresh();
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = null;
  }

  attributeChangedCallback(name: string): void {
    if (!this.#connection) return;
    if (name === "src") void this.#refresh();
    else this.#show(false);
  }

  #show(isWaiting: boolean): void {
    const level = Number(this.getAttribute("heading"));
    const headingLevel = [1, 2, 3, 4, 5, 6].includes(level) ? level : 2;
    show(this.#root, view({ controls: this.#controls, isWaiting, nowMs: Date.now(), headingLevel }));
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (!connection) return;
    let waitMs = refreshMs;
    try {
      const source = this.getAttribute("src");
      const url = source
        ? new URL(source, document.baseURI)
        : new URL("/api/v1/compliance/controls", home ?? undefined);
      this.#controls = await fetchControls(url.href, connection.signal);
      this.#failures = 0;
    } catch {
      // The element was removed from the page.
      if (connection.signal.aborted) return;
      // An old measurement must not look current.
      this.#controls = null;
      waitMs = Math.min(firstRetryMs * 2 ** this.#failures, lastRetryMs);
      this.#failures += 1;
    }
    if (connection.signal.aborted) return;
    this.#show(false);
    this.#refreshAt = performance.now() + waitMs + Math.random() * refreshSpreadMs;
    this.#schedule();
  }

  /** A hidden page does not call; it calls when it is visible again. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (document.hidden || !this.#connection) return;
    this.#timer = setTimeout(() => void this.#refresh(), Math.max(0, this.#refreshAt - performance.now()));
  }
}

if (!customElements.get("sentryagent-controls")) customElements.define("sentryagent-controls", SentryAgentControls);
