/** Who did what, and whether the log of it is unchanged. */
import { Page } from "../../ui/page.tsx";
import "./audit.css";
import { Events } from "./events.tsx";

export function Screen() {
  return (
    <Page
      title="Audit"
      lead="Each change, token and refused sign-in of your organization, in a chain of hashes that shows if one was changed."
    >
      <Events />
    </Page>
  );
}
