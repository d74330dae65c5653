/** The dispatch of a batch of the queue to the kinds of its messages. */
import { z } from "@hono/zod-openapi";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Context } from "../../src/platform/context.ts";
import { type MessageKind, receiveMessages, retryDeadLetters } from "../../src/platform/messages.ts";

const context = { requestId: "a-run" } as Context;

let logged: string[];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => void vi.restoreAllMocks());

const calls: unknown[] = [];
beforeEach(() => void calls.splice(0));

const apples: MessageKind<{ apple: number }> = {
  schema: z.object({ apple: z.number() }),
  receive: async (_, messages) => void calls.push(["apples", messages]),
  retryDeadLetters: async (_, messages) => void calls.push(["retried apples", messages]),
};
const pears: MessageKind<{ pear: string }> = {
  schema: z.object({ pear: z.string() }),
  receive: async (_, messages) => void calls.push(["pears", messages]),
};

it("each kind gets its messages of the batch together, in their order", async () => {
  await receiveMessages([apples, pears], context, [{ apple: 1 }, { pear: "a" }, { apple: 2 }]);
  expect(calls).toEqual([
    ["apples", [{ apple: 1 }, { apple: 2 }]],
    ["pears", [{ pear: "a" }]],
  ]);
  expect(logged).toEqual([]);
});

it("a kind without messages in the batch is not called", async () => {
  await receiveMessages([apples, pears], context, [{ pear: "a" }]);
  expect(calls).toEqual([["pears", [{ pear: "a" }]]]);
});

it("what is no message of any kind is logged and holds up no other", async () => {
  await receiveMessages([apples, pears], context, [{ apple: "1" }, null, "pear", { pear: "a" }]);
  expect(calls).toEqual([["pears", [{ pear: "a" }]]]);
  expect(logged.map((line) => JSON.parse(line))).toEqual(
    [{ apple: "1" }, null, "pear"].map((body) => ({
      message: "not a message of the queue",
      requestId: "a-run",
      body,
    })),
  );
});

it("a kind that throws has the batch handed over again; the others are called all the same", async () => {
  const broken: MessageKind<{ apple: number }> = { ...apples, receive: () => Promise.reject(new Error("D1 is down")) };
  const received = receiveMessages([broken, pears], context, [{ apple: 1 }, { pear: "a" }]);
  await expect(received).rejects.toThrow("D1 is down");
  expect(calls).toEqual([["pears", [{ pear: "a" }]]]);
});

it("of what the queue has given up each kind gets its own, where it takes any", async () => {
  await retryDeadLetters([apples, pears], context, [{ apple: 1 }, { pear: "a" }]);
  expect(calls).toEqual([["retried apples", [{ apple: 1 }]]]);
  expect(logged.map((line) => JSON.parse(line))).toEqual([
    { message: "messages came to the dead-letter queue", requestId: "a-run", count: 2 },
  ]);
});
