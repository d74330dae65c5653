/** The fields of a webhook: its name, its URL, its events. */
import { type FieldIssue, issueOf } from "../../api/issues.ts";
import type { WebhookEventType } from "../../api/schema.ts";
import { webhookEventTypes } from "../../api/values.ts";
import { Button } from "../../ui/button.tsx";
import { Checks, Field } from "../../ui/field.tsx";
import { plural } from "../../ui/number.tsx";
import type { Draft } from "./draft.ts";
import { eventGroups } from "./events.ts";

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
  readonly issues: readonly FieldIssue[];
}

const isEvent = (value: string): value is WebhookEventType => (webhookEventTypes as readonly string[]).includes(value);

export function WebhookFields({ draft: { name, url, events }, onChange, issues }: FieldsProps) {
  const issue = issueOf(issues, "events");
  const isAll = events.length === webhookEventTypes.length;
  return (
    <>
      <Field
        name="name"
        label="Name"
        value={name}
        onChange={(value) => onChange({ name: value })}
        hint="For people: what receives the events."
        error={issueOf(issues, "name")}
        maxLength={100}
        autoComplete="off"
        required
      />
      <Field
        name="url"
        label="URL"
        type="url"
        value={url}
        onChange={(value) => onChange({ url: value })}
        hint="https, a public host name, port 443 or 8443. It must answer with a 2xx within 10 seconds."
        error={issueOf(issues, "url")}
        placeholder="https://hooks.acme.example/agentidp"
        autoComplete="off"
        isCode
        required
      />
      <fieldset className="event-groups" aria-describedby={issue === undefined ? undefined : "events-issue"}>
        <legend>Events</legend>
        <p className="actions">
          <span className="quiet-text" role="status">
            {events.length === 0 ? "None chosen" : `${plural(events.length, "event")} chosen`}
          </span>
          <Button look="quiet" onClick={() => onChange({ events: isAll ? [] : webhookEventTypes })}>
            {isAll ? "Choose none" : "Choose all"}
          </Button>
        </p>
        {issue !== undefined && (
          <p className="error" id="events-issue">
            {issue}
          </p>
        )}
        <div className="groups">
          {eventGroups.map(({ subject, events: group }) => (
            <Checks
              key={subject}
              name={subject}
              label={subject}
              choices={group.map((event) => ({ value: event, label: event }))}
              values={events.filter((event) => group.includes(event))}
              onChange={(values) =>
                onChange({
                  // In the API's order, so that the same choice is the same list.
                  events: webhookEventTypes.filter((event) =>
                    group.includes(event) ? values.filter(isEvent).includes(event) : events.includes(event),
                  ),
                })
              }
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}

/** Said here, before the service says it. */
export const issuesOfDraft = ({ events }: Draft): readonly FieldIssue[] =>
  events.length === 0 ? [{ path: "events", message: "Choose at least one event" }] : [];
