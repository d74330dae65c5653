/** Trusts a partner. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { TrustPartner } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Form } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { Forbidden } from "../../ui/states.tsx";
import { toast } from "../../ui/toast.tsx";
import { partnerCrumbs } from "./crumbs.ts";
import "./organization.css";
import { newDraft, partnerOf } from "./partner-draft.ts";
import { PartnerFields } from "./partner-fields.tsx";

export function Screen() {
  const session = useSession();
  return (
    <Page title="Trust a partner" crumbs={partnerCrumbs}>
      {hasScope(session, "admin:orgs") ? <TrustForm /> : <Forbidden scope="admin:orgs" />}
    </Page>
  );
}

function TrustForm() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(newDraft);
  const trust = useAct(
    (body: TrustPartner, idempotencyKey) => call("POST /federation/trust", { body, idempotencyKey }),
    {
      refresh: ["/federation", "/audit"],
    },
  );
  const leave = () => void navigate({ to: "/organization" as never, search: { tab: "partners" } as never });
  return (
    <Form
      act="Trust the partner"
      isRunning={trust.isRunning}
      problem={trust.problem}
      autoComplete="off"
      onSubmit={async () => {
        const { value } = await trust.run(partnerOf(draft));
        if (value === undefined) return;
        toast(`${value.name} is trusted.`);
        leave();
      }}
      onCancel={leave}
    >
      <PartnerFields
        draft={draft}
        onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
        issues={trust.problem?.issues ?? []}
        isTrusted={false}
      />
    </Form>
  );
}
