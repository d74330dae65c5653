/** Reading a body from another party with limits on bytes and time, whatever its headers declare. */

export interface BoundedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the body has more bytes than these. */
  readonly truncated: boolean;
}

/** The first `size` bytes of the chunks, in a buffer of their own. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, size - offset);
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

/**
 * Reads at most `maxBytes` of a stream and cancels the rest. Counts bytes after decompression, against decompression bombs.
 *
 * @throws the reason of the signal when it is aborted, even while the sender is silent; or the error of the stream
 */
export async function readBounded(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<BoundedBody> {
  if (stream === null) return { bytes: new Uint8Array(), truncated: false };
  const reader = stream.getReader();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  aborted.promise.catch(() => undefined);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const chunks: Uint8Array[] = [];
    for (let size = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), aborted.promise]);
      if (done) return { bytes: joined(chunks, size), truncated: false };
      chunks.push(value);
      size += value.byteLength;
      if (size > maxBytes) return { bytes: joined(chunks, maxBytes), truncated: true };
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    reader.cancel().catch(() => undefined);
  }
}
