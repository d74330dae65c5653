/** The name of an event; a long one breaks after a dot or an underscore. */
import { Fragment } from "react";

export function ActionName({ action }: { readonly action: string }) {
  const parts = action.split(/(?<=[._])/);
  return (
    <code>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name never change their order.
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </code>
  );
}
