/**
 * Texts as Temporal can carry them: half of a character (a lone surrogate, as a text has that was cut or read wrong) is no
 * UTF-8, and the SDK ends the whole worker that would send one outside of a payload. Pure.
 */

/** The text, with U+FFFD for every half of a character. */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');

/** At most the first `most` UTF-16 units of the text; never half a character. */
export const wellCut = (text: string, most: number): string =>
  wellFormed(text.length > most ? text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '') : text);
