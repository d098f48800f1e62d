/** Text out of bytes that have to be UTF-8: read leniently, each byte that is none would become U+FFFD, without a word. */

/** @returns the text, or what is wrong and where: `is no UTF-8 text: line 3 column 7` */
export function utf8Text(bytes: Uint8Array): { text: string } | { problem: string } {
  try {
    // A byte order mark is kept: it is for whoever reads the text.
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { problem: problemOf(bytes) };
  }
}

function problemOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return 'is no UTF-8 text, but UTF-16; write it as UTF-8';
  const lines = sound(bytes).split('\n');
  return `is no UTF-8 text: line ${lines.length} column ${(lines.at(-1)?.length ?? 0) + 1}; write it as UTF-8`;
}

/** What comes before the first byte that belongs to no character: written again, the text differs from there on. */
function sound(bytes: Uint8Array): string {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
  const again = new TextEncoder().encode(lenient.decode(bytes));
  const at = again.findIndex((byte, index) => byte !== bytes[index]);
  // The mark may begin as what it stands for: what is cut off then is no character either.
  return lenient.decode(bytes.subarray(0, at)).replace(/\uFFFD$/, '');
}
