/** Begins the console. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import "../../shared/tokens.css";
import "./ui/base.css";
import "./ui/kit.css";
import "./ui/shell.css";
import { newQueryClient } from "./api/queries.ts";
import { whenUnauthorized } from "./api/transport.ts";
import { newRouter } from "./router.tsx";
import { removeLinkCode } from "./session/link-code.ts";
import { forgetSession } from "./session/session.ts";
import { showStoredTheme } from "./session/theme.ts";

removeLinkCode(window.location, window.history);
showStoredTheme();

const queryClient = newQueryClient();
const router = newRouter(queryClient);

let isLeaving = false;
whenUnauthorized(() => {
  // Several requests of one screen end together.
  if (isLeaving) return;
  isLeaving = true;
  const { href } = router.state.location;
  void router
    .navigate({ to: "/sign-in", search: { from: href, ended: "1" }, replace: true })
    .then(() => forgetSession(queryClient))
    .finally(() => {
      isLeaving = false;
    });
});

const element = document.getElementById("root");
if (element === null) throw new Error("The page has no element for the console.");
createRoot(element).render(
  <QueryClientProvider client={queryClient}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
);
