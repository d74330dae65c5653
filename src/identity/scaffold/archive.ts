/** ZIP archives whose bytes depend on nothing but their files. */
import { type Zippable, zipSync } from "fflate/browser";
import type { Project } from "./project.ts";

const options = {
  level: 9,
  // A local time: fflate writes the local fields, and so the bytes are the same in every time zone.
  mtime: new Date(1980, 0, 1),
  // Unix: a regular file that its owner can change and all can read.
  os: 3,
  attrs: 0o100644 << 16,
} as const;

/** A project as an archive of one folder. */
export function archiveOf({ name, files }: Project): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const entries: Zippable = Object.fromEntries(
    [...files]
      .map(([path, text]) => [`${name}/${path}`, encoder.encode(text)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  return zipSync(entries, options);
}
