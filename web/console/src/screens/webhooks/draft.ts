/** What the form of a webhook holds, and what it changes. */
import type { ChangeWebhook, Webhook, WebhookEventType } from "../../api/schema.ts";
import type { Difference } from "../../ui/changed-meanwhile.tsx";
import { eventsText } from "./events.ts";

export interface Draft {
  readonly name: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
}

export const newDraft: Draft = { name: "", url: "", events: [] };
export const draftOf = ({ name, url, events }: Webhook): Draft => ({ name, url, events });

const isSame = (a: unknown, b: unknown) =>
  Array.isArray(a) && Array.isArray(b) ? [...a].sort().join() === [...b].sort().join() : a === b;

/** What is sent: without the blanks around what was typed. */
export const trimmed = ({ name, url, events }: Draft): Draft => ({ name: name.trim(), url: url.trim(), events });

/** The fields that differ from the record that the form was opened with, and no others. */
export function changesOf(draft: Draft, opened: Webhook): ChangeWebhook {
  const fields = Object.entries(trimmed(draft)) as [keyof Draft, unknown][];
  return Object.fromEntries(fields.filter(([field, value]) => !isSame(value, opened[field])));
}

const labels: Readonly<Record<keyof Draft, string>> = { name: "Name", url: "URL", events: "Events" };
const textOf = (value: string | readonly string[]) => (typeof value === "string" ? value : eventsText(value));

/** What was changed here, and what was changed meanwhile by others. Saving again sends the former and leaves the latter. */
export function differencesOf(opened: Webhook, mine: ChangeWebhook, newer: Webhook): readonly Difference[] {
  return (Object.keys(labels) as (keyof Draft)[])
    .filter((field) => !isSame(mine[field] ?? opened[field], newer[field]))
    .map((field) => ({
      label: labels[field],
      yours: mine[field] === undefined ? "not changed by you: stays as saved" : textOf(mine[field]),
      theirs: textOf(newer[field]),
    }));
}
