/** A field of a form with its label, and what is said of it below. */
import { useId, type ReactNode } from 'react';
import { S } from './strings/page.js';

interface Props {
  label: string;
  optional?: boolean;
  hint?: string | undefined;
  /** Draws the input with these. */
  children: (props: { id: string; 'aria-describedby'?: string }) => ReactNode;
}

export function LabelledField({ label, optional, hint, children }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {optional && <span className="soft">({S.optional})</span>}
      </label>
      {children({ id, ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }) })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="soft small">
          {hint}
        </p>
      )}
    </div>
  );
}
