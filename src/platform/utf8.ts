const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8; null for other bytes. A lenient decoder would put U+FFFD in the place of the sent bytes. */
export function decodeUtf8(bytes: ArrayBuffer | ArrayBufferView): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
