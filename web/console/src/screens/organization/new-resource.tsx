/** Registers a resource. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { FieldIssue } from "../../api/issues.ts";
import type { CreateResource } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Form } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";
import { resourceCrumbs } from "./crumbs.ts";
import "./organization.css";
import { issuesOfDraft, newDraft, resourceOf } from "./resource-draft.ts";
import { ResourceFields } from "./resource-fields.tsx";

export function Screen() {
  const session = useSession();
  return (
    <Page title="Register a resource" crumbs={resourceCrumbs}>
      {hasScope(session, "admin:orgs") ? <RegisterForm /> : <Forbidden scope="admin:orgs" />}
    </Page>
  );
}

function RegisterForm() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(newDraft);
  const [issues, setIssues] = useState<readonly FieldIssue[]>([]);
  const create = useAct((body: CreateResource, idempotencyKey) => call("POST /resources", { body, idempotencyKey }), {
    refresh: ["/resources", "/audit"],
  });
  const submit = async () => {
    const found = issuesOfDraft(draft);
    setIssues(found);
    if (found.length > 0) return;
    const { value } = await create.run(resourceOf(draft));
    if (value === undefined) return;
    toast(`Registered ${value.name}.`);
    await navigate({ to: `/organization/resources/${value.resourceId}` as never });
  };
  return (
    <Form
      act="Register the resource"
      isRunning={create.isRunning}
      problem={create.problem}
      autoComplete="off"
      onSubmit={() => void submit()}
      onCancel={() => void navigate({ to: "/organization" as never, search: { tab: "resources" } as never })}
    >
      <ResourceFields
        draft={draft}
        onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
        issues={[...issues, ...(create.problem?.issues ?? [])]}
        isRegistered={false}
      />
    </Form>
  );
}
