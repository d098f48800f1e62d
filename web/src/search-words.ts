/** What stands in a search field and in the address: the address follows who types, and the field who follows a link. */
import { useEffect, useRef, useState } from 'react';

/** After the last letter is typed. */
const TYPING_MS = 300;

/**
 * @param text what the address says
 * @param show changes the address
 * @returns what stands in the field, and what changes it
 */
export function useSearchWords(
  text: string,
  show: (words: string) => void,
): [typed: string, type: (typed: string) => void] {
  const [typed, setTyped] = useState(text);
  const [seen, setSeen] = useState(text);
  const [sent, setSent] = useState(text);
  const latest = useRef(show);
  useEffect(() => {
    latest.current = show;
  });
  if (text !== seen) {
    setSeen(text);
    // Another address, as by a link: what stands in the field is of the one before.
    if (text !== sent) {
      setTyped(text);
      setSent(text);
    }
  }
  useEffect(() => {
    const words = typed.trim();
    if (words === text) return;
    const timer = setTimeout(() => {
      setSent(words);
      latest.current(words);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return [typed, setTyped];
}
