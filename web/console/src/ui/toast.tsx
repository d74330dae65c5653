/** Short messages about what has just happened, in a live region. What the user must act on is never only here. */
import { useEffect, useSyncExternalStore } from "react";

interface Message {
  readonly id: number;
  readonly text: string;
  readonly look: "plain" | "bad";
}

/** Long enough to read twelve words twice. */
const visibleMs = 8_000;

let messages: readonly Message[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function setMessages(next: readonly Message[]): void {
  messages = next;
  for (const listener of listeners) listener();
}

const remove = (id: number) => setMessages(messages.filter((message) => message.id !== id));

/** Shows a message; a failure stays until it is closed. */
export function toast(text: string, look: Message["look"] = "plain"): void {
  lastId += 1;
  setMessages([...messages.filter((message) => message.text !== text).slice(-2), { id: lastId, text, look }]);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((message) => (
        <Toast key={message.id} message={message} />
      ))}
    </div>
  );
}

function Toast({ message: { id, text, look } }: { readonly message: Message }) {
  useEffect(() => {
    if (look === "bad") return undefined;
    const timer = setTimeout(() => remove(id), visibleMs);
    return () => clearTimeout(timer);
  }, [id, look]);
  return (
    <div className={look === "bad" ? "toast bad" : "toast"}>
      <span className="breaks">{text}</span>
      <button type="button" className="button quiet" onClick={() => remove(id)} aria-label={`Close: ${text}`}>
        Close
      </button>
    </div>
  );
}
