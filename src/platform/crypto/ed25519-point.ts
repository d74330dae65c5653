/** Whether 32 bytes are an Ed25519 public key that only its owner can sign for. WebCrypto imports any 32 bytes. */

const p = 2n ** 255n - 19n;
/** The constant d of the curve -x² + y² = 1 + d·x²·y² (RFC 8032 5.1). */
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

const yOfOrder8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/**
 * The y coordinates of the eight points whose order divides 8. For such a key a signature can be made that verifies for
 * nearly any message, without a private key (RFC 8032 8.3, "Taming the many EdDSAs", 2020).
 */
const ySmallOrder = new Set([0n, 1n, p - 1n, yOfOrder8, p - yOfOrder8]);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

/** Decodes the point as RFC 8032 5.1.3 says, as far as to know that it exists, and refuses those of small order. */
export function isEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const littleEndian = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).reverse();
  const y = BigInt(`0x${littleEndian.join("")}`) % 2n ** 255n;
  if (y >= p || ySmallOrder.has(y)) return false;
  const ySquare = (y * y) % p;
  const numerator = ySquare - 1n;
  const denominator = (d * ySquare + 1n) % p;
  // x² = numerator / denominator; by Euler's criterion it is a square when numerator·denominator is one.
  return power((numerator * denominator) % p, (p - 1n) / 2n) === 1n;
}
