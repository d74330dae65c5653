/** A figure and what it is read from: it waits, fails and is forbidden by itself, so that one of them hides none of the others. */
import { type UseQueryOptions, useQuery } from "@tanstack/react-query";
import type { PlatformScope } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Figure, type FigureProps } from "../../ui/figure.tsx";

type Shown = Omit<FigureProps, "label">;

interface ReadFigureProps<Data> {
  readonly label: string;
  readonly needs: PlatformScope | null;
  readonly query: UseQueryOptions<Data>;
  readonly show: (data: Data) => Shown;
}

export function ReadFigure<Data>({ label, needs, query, show }: ReadFigureProps<Data>) {
  const session = useSession();
  const isAllowed = needs === null || hasScope(session, needs);
  const { data, isError } = useQuery({ ...query, enabled: isAllowed });
  if (!isAllowed) return <Figure label={label} value={null} note={<>needs the scope {needs}</>} />;
  if (data !== undefined) {
    const shown = show(data);
    return <Figure label={label} {...shown} note={isError ? "from before; could not be read anew" : shown.note} />;
  }
  if (!isError) return <Figure label={label} value={null} isWaiting note=" " />;
  return <Figure label={label} value={null} note="could not be read" />;
}
