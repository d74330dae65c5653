/** The view: a summary, and each control in one sentence, with its status as a shape and a word. */
import { type Control, type ControlStatus, controlCatalogue } from "../../catalogue.ts";
import { timeAgo, timeInFull } from "./times.ts";
import { type Element, element, type Node } from "./tree.ts";

export interface View {
  /** null: no answer yet, or the service does not answer. */
  readonly controls: readonly Control[] | null;
  /** Whether the first answer is pending. */
  readonly isWaiting: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** 1 to 6. */
  readonly headingLevel: number;
}

const words: Readonly<Record<ControlStatus, string>> = { pass: "Passing", fail: "Failing", unknown: "Unknown" };

const circle = "M10 1a9 9 0 1 1 0 18 9 9 0 0 1 0-18z";
const icons: Readonly<Record<ControlStatus, readonly [shape: string, mark: string]>> = {
  pass: [circle, "M6 10.4l2.8 2.8 5.4-6"],
  fail: ["M10 1.5 19 18H1z", "M10 7.5v5M10 15.2v.1"],
  unknown: [circle, "M7.6 7.8a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.1.9-1.1 1.7M10 14.3v.1"],
};

function icon(status: ControlStatus): Element {
  const [shape, mark] = icons[status];
  return element(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    element("path", { class: "shape", d: shape }),
    element("path", { class: "mark", d: mark }),
  );
}

const meanings: ReadonlyMap<string, string> = new Map(controlCatalogue.map(({ id, meaning }) => [id, meaning]));

function checked(lastChecked: string | null, nowMs: number): Node {
  const ms = lastChecked === null ? Number.NaN : Date.parse(lastChecked);
  if (Number.isNaN(ms)) return "not checked yet";
  const attributes = { datetime: new Date(ms).toISOString(), title: timeInFull(ms) };
  return element("time", attributes, `checked ${timeAgo(ms, nowMs)}`);
}

/** The state of the view around a control. */
type ViewState = Pick<View, "isWaiting" | "nowMs"> & { readonly isSilent: boolean };

function item(
  { id, name, status, lastChecked, evidence }: Control,
  { isWaiting, isSilent, nowMs }: ViewState,
): Element {
  const when = isSilent ? [] : [" · ", checked(lastChecked, nowMs)];
  return element(
    "li",
    { class: `control ${status}` },
    icon(status),
    element("p", { class: "name" }, name),
    element("p", { class: "word" }, isWaiting ? "" : words[status]),
    element("p", { class: "when" }, element("span", { class: "id" }, id), ...when),
    element("p", { class: "meaning" }, meanings.get(id) ?? ""),
    element("p", { class: "evidence" }, evidence),
  );
}

/** Two lines. Each fits on one line of a phone, so that nothing moves when they change. */
interface Summary {
  readonly status: ControlStatus;
  readonly text: string;
  /** The names of the controls, or why nothing is known. */
  readonly lead: string;
}

function summaryOf(controls: readonly Control[]): Summary {
  const names = (status: ControlStatus) =>
    controls.filter((control) => control.status === status).map(({ name }) => name);
  const [passing, failing, unknown] = [names("pass"), names("fail"), names("unknown")];
  const total = controls.length;
  if (unknown.length === total) return { status: "unknown", text: "Unknown", lead: "No recent measurement" };
  if (failing.length > 0) {
    const text = `${failing.length} of ${total} controls ${failing.length === 1 ? "fails" : "fail"}`;
    return { status: "fail", text, lead: `Failing: ${failing.join(", ")}` };
  }
  if (unknown.length > 0) {
    const text = `${passing.length} of ${total} controls pass`;
    return { status: "unknown", text, lead: `Unknown: ${unknown.join(", ")}` };
  }
  return { status: "pass", text: `All ${total} controls pass`, lead: "Checked every minute" };
}

/** Controls without an answer, as large as those of the answer. */
function placeholders(evidence: string): readonly Control[] {
  return controlCatalogue.map(({ id, name }) => ({ id, name, status: "unknown", lastChecked: null, evidence }));
}

/** The whole view. */
export function view({ controls, isWaiting, nowMs, headingLevel }: View): readonly Node[] {
  const items = controls ?? placeholders(isWaiting ? "Asking the service" : "The service does not answer");
  const silence = isWaiting
    ? { text: "Asking the service", lead: "Its controls are checked every minute" }
    : { text: "Unknown", lead: "The service does not answer" };
  const { status, text, lead }: Summary = controls ? summaryOf(controls) : { status: "unknown", ...silence };
  return [
    element(
      "div",
      { class: "controls", lang: "en" },
      element(`h${headingLevel}`, { id: "heading" }, "Security controls"),
      element(
        "div",
        { class: `banner ${status}`, role: "status" },
        element("p", { class: `summary ${status}` }, icon(status), element("span", {}, text)),
        element("p", { class: "lead" }, lead),
      ),
      element(
        "ul",
        { role: "list", "aria-labelledby": "heading" },
        ...items.map((control) => item(control, { isWaiting, isSilent: controls === null, nowMs })),
      ),
      element(
        "p",
        { class: "note" },
        "The service runs these checks on itself. They are not an audit. Numbers such as CC6.1 are those of SOC 2, the criteria of auditors.",
      ),
    ),
  ];
}
