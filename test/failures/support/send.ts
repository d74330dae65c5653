/** Requests straight to the Worker's door, with bindings of the test. */
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import { type Answer, type Call, issuer } from "../../support/api.ts";

export type SentCall = Call;

let deferred: Promise<unknown>[] = [];

/** Work that goes on after the answer. */
export const execution = {
  waitUntil: (work: Promise<unknown>) => void deferred.push(work),
  passThroughOnException: () => undefined,
  props: {},
} as unknown as ExecutionContext;

/** Waits for all of that work. */
export async function comeToAnEnd(): Promise<void> {
  await Promise.allSettled(deferred);
  deferred = [];
}

export async function sendTo(env: Bindings, path: string, init: Call): Promise<Answer> {
  const { token, basic, json, form, method = "POST" } = init;
  const headers = new Headers(init.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (basic) headers.set("Authorization", `Basic ${btoa(`${basic.clientId}:${basic.clientSecret}`)}`);
  if (json !== undefined) headers.set("Content-Type", "application/json");
  const body = json === undefined ? (form ? new URLSearchParams(form) : init.body) : JSON.stringify(json);
  const request = new Request(`${issuer}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const response = await worker.fetch(request, env, execution);
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
