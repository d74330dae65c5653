/** Downloads of starter projects. */
import { SELF } from "cloudflare:test";
import { unzipSync } from "fflate/browser";
import { expect } from "vitest";
import { issuer } from "../../support/api.ts";

export interface Download {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

export async function download(token: string, agentId: string, query = "", init: RequestInit = {}): Promise<Download> {
  const headers = { Authorization: `Bearer ${token}`, ...init.headers };
  const response = await SELF.fetch(`${issuer}/api/v1/sdk/scaffold/${agentId}${query}`, { ...init, headers });
  const { status } = response;
  return { status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
}

/** The files of an archive by their path, without the one folder that they are all in. */
export function filesIn({ status, headers, bytes }: Download): Map<string, string> {
  expect(status, new TextDecoder().decode(bytes)).toBe(200);
  const [, folder] = /^attachment; filename="([a-z0-9-]+)\.zip"$/.exec(headers.get("Content-Disposition") ?? "") ?? [];
  return new Map(
    Object.entries(unzipSync(bytes)).map(([path, content]) => {
      expect(path.startsWith(`${folder}/`), path).toBe(true);
      return [
        path.slice(`${folder}/`.length),
        new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content),
      ];
    }),
  );
}
