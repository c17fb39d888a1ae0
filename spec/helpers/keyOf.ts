/** A key to encrypt with; another for each number. */
export function keyOf(nth: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, at) => (nth * 37 + at * 11) % 256);
}
