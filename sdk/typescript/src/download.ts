/** An answer that is read as it comes, in constant memory. */
import { AgentIdPError } from "./errors.ts";

/**
 * The bytes of an export. Read it once, by `stream`, `records()` or `bytes()`.
 *
 * @example
 * ```ts
 * for await (const event of (await client.audit.export()).records()) console.log(event);
 * ```
 */
export class Download {
  readonly #body: ReadableStream<Uint8Array>;
  /** The name that the service gives the file, if any. */
  readonly fileName: string | undefined;
  readonly contentType: string;

  constructor(body: ReadableStream<Uint8Array> | null, headers: Headers) {
    this.#body = body ?? new Blob([]).stream();
    this.fileName = /filename="([^"/\\]+)"/.exec(headers.get("content-disposition") ?? "")?.[1];
    this.contentType = headers.get("content-type") ?? "";
  }

  /** The bytes as they come. */
  get stream(): ReadableStream<Uint8Array> {
    return this.#body;
  }

  /** All bytes, in memory. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.#body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
  }

  /** The objects of NDJSON, one by one. */
  async *records(): AsyncGenerator<Record<string, unknown>, void, undefined> {
    const decoder = new TextDecoder();
    const reader = this.#body.getReader();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
        const lines = rest.split("\n");
        rest = done ? "" : (lines.pop() ?? "");
        for (const line of lines) if (line !== "") yield parsed(line);
        if (done) return;
      }
    } catch (cause) {
      if (cause instanceof AgentIdPError) throw cause;
      throw new AgentIdPError("Http", "The download broke off.", { code: "CONNECTION_BROKEN", attempts: 1, cause });
    } finally {
      // After a loop that ends early, nothing more is sent.
      await reader.cancel().catch(() => undefined);
    }
  }
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    throw new AgentIdPError("Serde", "A line of the download is no JSON.", { code: "UNREADABLE_ANSWER" });
  }
}
