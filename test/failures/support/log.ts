/** What the service writes to its log, kept instead of shown. */
import { vi } from "vitest";

let lines: string[] = [];

export function keepLog(): void {
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.map(String).join(" ")));
  }
}

/** What was written since this was called last. */
export function loggedLines(): string[] {
  const written = lines;
  lines = [];
  return written;
}
