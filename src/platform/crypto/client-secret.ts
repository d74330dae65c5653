/**
 * Client secrets: `sa_sec_`, 43 base64url characters (256 random bits), 6 check characters. The check characters are the CRC-32
 * (IEEE 802.3) of everything before them, in base62 (`0-9A-Za-z`), most significant digit first, padded with `0`. With prefix
 * and checksum, a secret scanner recognizes a leaked secret without a call to the service.
 */
import { crc32 } from "node:zlib";
import { encodeBase64url } from "./base64url.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const checkCharacters = 6;

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < checkCharacters; place++) {
    digits = alphabet.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** A new secret of 256 random bits. */
export function newClientSecret(): string {
  const body = `sa_sec_${encodeBase64url(crypto.getRandomValues(new Uint8Array(32)))}`;
  return body + checksum(body);
}
