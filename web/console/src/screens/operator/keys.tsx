/** The keys that verifiers find, and their rotation. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { unreadable } from "../../api/problem.ts";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";

interface Key {
  readonly kid: string;
  readonly alg: string;
}

interface KeySet {
  readonly keys: readonly Key[];
}

/** The public document, beside the API: it is what verifiers see. */
async function readKeySet(signal: AbortSignal): Promise<KeySet> {
  const response = await fetch("/.well-known/jwks.json", { signal, cache: "no-store" });
  if (!response.ok) throw unreadable(response.status, response.headers.get("X-Request-Id"));
  return response.json();
}

const uses: Readonly<Record<string, string>> = { ES256: "access tokens and documents", RS256: "id_tokens" };

const columns: readonly Column<Key>[] = [
  { id: "kid", label: "Key", isHead: true, cell: ({ kid }) => <Id value={kid} label="key id" /> },
  { id: "alg", label: "Algorithm", cell: ({ alg }) => alg },
  { id: "use", label: "Signs", cell: ({ alg }) => uses[alg] ?? "" },
];

export function Keys() {
  const [asked, setAsked] = useState<"rotate" | "compromised" | null>(null);
  const keys = useQuery({ queryKey: ["/keys"], queryFn: ({ signal }) => readKeySet(signal) });
  return (
    <Section
      title="Signing keys"
      lead="As verifiers find them: those that sign, those that will sign next, and those from before until their last token has expired."
      actions={
        <>
          <Button onClick={() => setAsked("rotate")}>Rotate</Button>
          <Button look="danger" onClick={() => setAsked("compromised")}>
            A key is compromised
          </Button>
        </>
      }
    >
      <Loaded query={keys} skeleton={<Skeleton lines={5} />}>
        {({ keys: published }) => (
          <Table caption="Published keys" isCaptionHidden columns={columns} rows={published} keyOf={({ kid }) => kid} />
        )}
      </Loaded>
      {asked !== null && <RotateDialog isCompromised={asked === "compromised"} onClose={() => setAsked(null)} />}
    </Section>
  );
}

interface RotateProps {
  readonly isCompromised: boolean;
  readonly onClose: () => void;
}

/** What must be typed before every token dies. */
const confirmation = "revoke all tokens";

function RotateDialog({ isCompromised, onClose }: RotateProps) {
  const rotate = useAct(() => call("POST /keys/rotate", { body: isCompromised ? { compromised: true } : {} }), {
    refresh: ["/keys", "/audit"],
  });
  return (
    <ConfirmDialog
      title={isCompromised ? "Revoke the signing keys?" : "Rotate the signing keys?"}
      act={isCompromised ? "Revoke and rotate" : "Rotate"}
      look={isCompromised ? "danger" : "main"}
      {...(isCompromised ? { typed: confirmation } : {})}
      isRunning={rotate.isRunning}
      problem={rotate.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { value } = await rotate.run();
        if (value === undefined) return;
        onClose();
        toast(value.rotated ? "The next keys sign now." : "Nothing was rotated.");
      }}
    >
      {isCompromised ? (
        <p>
          The present keys and <strong>every token of every organization that they signed end at once</strong>, with
          this session. All agents sign in anew.
        </p>
      ) : (
        <p>
          The next keys begin to sign. The present ones stay published until their last token has expired. Wait five
          minutes between two rotations: a verifier may keep the published keys for so long.
        </p>
      )}
    </ConfirmDialog>
  );
}
