/** What may be done with a thing: a button each, which asks before anything is done. */
import { useState, type ReactNode } from 'react';
import { Confirm, type Question } from './dialog.js';
import { S } from './strings/page.js';

interface Props {
  questions: readonly Question[];
  /** The one that most come for: it stands before the others. */
  first?: Question | undefined;
  /** Once a question was answered, or left. */
  onDone?: () => void;
  /** Links beside the buttons. */
  children?: ReactNode;
}

export function ActionButtons({ questions, first, onDone, children }: Props) {
  const [question, setQuestion] = useState<Question>();
  const all = [...(first ? [first] : []), ...questions];
  return (
    <div className="buttons" role="group" aria-label={S.actions}>
      {all.map((one) => (
        <button
          key={one.verb}
          type="button"
          className={one === first ? 'primary' : one.dangerous ? 'danger' : ''}
          onClick={() => setQuestion(one)}
        >
          {one.verb}
        </button>
      ))}
      {children}
      {question && (
        <Confirm
          question={question}
          onClose={() => {
            setQuestion(undefined);
            onDone?.();
          }}
        />
      )}
    </div>
  );
}
