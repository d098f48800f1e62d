/** A table with its heads, which scrolls in its own box where it is wider than the page. */
import type { ReactNode } from 'react';

export interface Head {
  text: string;
  isNumber?: true;
  /** Said, not shown: of a column of buttons. */
  isHidden?: true;
}

export function Table({
  label,
  heads,
  children,
}: {
  label: string;
  heads: readonly Head[];
  children: ReactNode;
}) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {heads.map(({ text, isNumber, isHidden }) => (
              <th key={text} scope="col" className={isNumber ? 'number' : undefined}>
                {isHidden ? <span className="hidden">{text}</span> : text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
