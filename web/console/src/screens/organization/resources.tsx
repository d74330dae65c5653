/** The APIs of the organization that tokens are made for. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Resource } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const pageSize = 25;

export function Resources() {
  const session = useSession();
  const { cursor } = usePlace();
  const resources = useQuery({
    ...read("GET /resources", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  const register = hasScope(session, "admin:orgs") && (
    <Link to="/organization/resources/new" className="button main">
      Register a resource
    </Link>
  );
  return (
    <Section
      title="Resources"
      lead="Your APIs. A token for one has its identifier as audience and no scope that it does not have."
      actions={resources.data?.data.length === 0 ? null : register}
    >
      <Loaded query={resources} skeleton={<Skeleton lines={6} />}>
        {({ data, nextCursor }) =>
          data.length === 0 && cursor === undefined ? (
            <Empty
              title="No resources yet"
              next={register}
              code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/resources" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" \\
  -d '{"identifier":"urn:agentidp:${session.organization.slug}:resumes","name":"Resumes",
       "scopes":[{"name":"resume:read","description":"Read resumes"}]}'`}
            >
              A resource is an API that agents call with tokens of this service.
            </Empty>
          ) : (
            <>
              <Table
                caption="Resources"
                isCaptionHidden
                columns={columns}
                rows={data}
                keyOf={({ resourceId }) => resourceId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="resources" />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

const columns: readonly Column<Resource>[] = [
  {
    id: "name",
    label: "Resource",
    isHead: true,
    cell: ({ resourceId, name, identifier }) => (
      <span className="two-lines">
        <Link to={`/organization/resources/${resourceId}`}>
          <bdi>{name}</bdi>
        </Link>
        <bdi className="code quiet-text">{identifier}</bdi>
      </span>
    ),
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  { id: "scopes", label: "Scopes", isNumber: true, cell: ({ scopes }) => scopes.length },
  { id: "dpop", label: "DPoP", cell: ({ requireDpop }) => (requireDpop ? "required" : "allowed") },
];
