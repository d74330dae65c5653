/** Begins the console. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import "../../shared/tokens.css";
import "./ui/base.css";
import "./ui/kit.css";
import "./ui/shell.css";
import { newQueryClient } from "./api/queries.ts";
import { newRouter } from "./router.tsx";
import { removeLinkCode } from "./session/link-code.ts";
import { watchSession } from "./session/session.ts";
import { showStoredTheme } from "./session/theme.ts";

removeLinkCode(window.location, window.history);
showStoredTheme();

const queryClient = newQueryClient();
watchSession(queryClient);
const router = newRouter(queryClient);

const element = document.getElementById("root");
if (element === null) throw new Error("The page has no element for the console.");
createRoot(element).render(
  <QueryClientProvider client={queryClient}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
);
