/** What is wrong with a text of YAML, in words of ours: duplicate keys, several documents, numbers that lose digits. */
import { visit, type Document, type YAMLError } from 'yaml';

/** What an error of the parser says, and the key that it is about. */
export function yamlProblem({ code, message, pos: [start] }: YAMLError, text: string): string {
  if (code === 'DUPLICATE_KEY') return `the key ${keyAt(text, start)} is there twice`;
  if (code === 'MULTIPLE_DOCS') return 'expected one document, got another after "---"';
  return message;
}

/**
 * Whole numbers that no number of JSON holds exactly (beyond 2^53): they would be others without anybody being told.
 *
 * @returns where each begins in the text, and what is wrong
 */
export function inexactNumbers(document: Document): { at: number; message: string }[] {
  const found: { at: number; message: string }[] = [];
  visit(document, {
    Scalar: (_key, node) => {
      const { value, source = '', range } = node;
      if (typeof value !== 'number' || !isWhole(source) || isExact(source, value)) return;
      const message = `the number ${source} is not exact in JSON, it would be ${value}; write it in quotes`;
      found.push({ at: range?.[0] ?? 0, message });
    },
  });
  return found;
}

/** In YAML also `0xff` and `0o17`. */
const isWhole = (source: string): boolean => /^(?:[-+]?\d+|0x[0-9a-f]+|0o[0-7]+)$/i.test(source);

/** Its digits are those of the number, or those that JavaScript would write of it. */
function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const [written = ''] = value.toExponential().split('e');
  const isSame = BigInt(source.replace(/^\+/, '')) === BigInt(value);
  return isSame || significant(source) === significant(written);
}

const significant = (digits: string): string =>
  digits.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');

function keyAt(text: string, start: number): string {
  const [key = ''] =
    /^("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(start, start + 200)) ?? [];
  return /^["']/.test(key) ? key : JSON.stringify(key.trim());
}
