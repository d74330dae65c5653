/**
 * What the Worker uses of Node. workerd has these modules. In the program of `src` this file takes the place of `@types/node`,
 * which the types of a dependency reference, so that Node's globals (`Buffer`, `process`) do not exist there.
 */

type Data = string | Uint8Array;
type TextEncoding = "base64" | "base64url" | "hex";

declare module "node:buffer" {
  export const Buffer: { concat(chunks: readonly Uint8Array[], size: number): Uint8Array };
}

declare module "node:crypto" {
  interface Digest {
    update(data: Data): Digest;
    digest(): Uint8Array;
    digest(encoding: TextEncoding): string;
  }
  export function createHash(algorithm: "sha256"): Digest;
  export function createHmac(algorithm: "sha256", key: Data): Digest;
  export function hash(algorithm: "sha256", data: Data, encoding: TextEncoding): string;
  /** @throws {RangeError} when the lengths differ */
  export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
}

declare module "node:zlib" {
  export function crc32(data: Data): number;
}
