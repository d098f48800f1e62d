/** Asks before something is done: the browser's own modal dialog, with what has to be said along. */
import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react';
import type { Problem } from './api.js';
import { asProblem } from './poll.js';
import { ProblemNotice } from './notice.js';
import { S } from './strings/page.js';

export interface Field {
  name: string;
  label: string;
  /** JSON is parsed before it is sent, a number is sent as one. */
  kind: 'line' | 'json' | 'number' | 'choice';
  /** Of a choice: what is sent, and what is shown for it. */
  options?: readonly (readonly [string, string])[];
  required?: boolean;
  /** What stands in it at first. */
  value?: string | number;
  /** Of a number: the range that is allowed. */
  from?: number;
  to?: number;
}

export interface Question {
  title: string;
  /** What will happen. */
  text: string;
  /** The word on the button. */
  verb: string;
  dangerous?: boolean;
  fields: readonly Field[];
  /** Does it; what it throws is shown in the dialog, which stays open. */
  run: (values: Record<string, unknown>) => Promise<void>;
}

export function Confirm({ question, onClose }: { question: Question; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<Problem | string>();
  const [busy, setBusy] = useState(false);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);

  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = read(new FormData(event.currentTarget), question.fields);
    if (typeof values === 'string') return setProblem(values);
    setBusy(true);
    question.run(values).then(onClose, (error: unknown) => {
      setBusy(false);
      setProblem(asProblem(error));
    });
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby={title}>
      <form onSubmit={submit}>
        <h2 id={title}>{question.title}</h2>
        <p className="soft">{question.text}</p>
        {question.fields.map((field) => (
          <FieldInput key={field.name} field={field} />
        ))}
        {typeof problem === 'string' && (
          <p className="note" role="alert">
            {problem}
          </p>
        )}
        {problem !== undefined && typeof problem !== 'string' && (
          <ProblemNotice problem={problem} />
        )}
        <div className="buttons end">
          <button type="button" onClick={onClose}>
            {S.cancelDialog}
          </button>
          <button
            type="submit"
            className={question.dangerous ? 'danger' : 'primary'}
            disabled={busy}
          >
            {question.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function FieldInput({ field }: { field: Field }) {
  const { name, label, kind, required, value, options = [] } = field;
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {!required && <span className="soft">({S.optional})</span>}
      </label>
      {kind === 'json' && (
        <textarea {...{ id, name, required, rows: 4, spellCheck: false }} defaultValue={value} />
      )}
      {kind === 'choice' && (
        <select {...{ id, name, required }} defaultValue={value}>
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      )}
      {(kind === 'line' || kind === 'number') && <Line {...{ field, id }} />}
    </div>
  );
}

function Line({ field, id }: { field: Field; id: string }) {
  const { name, kind, required, value, from, to } = field;
  return (
    <input
      {...{ id, name, required, maxLength: 500, autoComplete: 'off' }}
      {...(kind === 'number' ? { type: 'number', min: from, max: to, step: 1 } : {})}
      defaultValue={value}
    />
  );
}

/** The values that are there, or what is wrong with them. */
function read(form: FormData, fields: readonly Field[]): Record<string, unknown> | string {
  const values: Record<string, unknown> = {};
  for (const { name, kind } of fields) {
    const entry = form.get(name);
    const text = typeof entry === 'string' ? entry.trim() : '';
    if (text === '') continue;
    if (kind === 'line' || kind === 'choice') values[name] = text;
    else if (kind === 'number') values[name] = Number(text);
    else {
      const parsed = parseJson(text);
      if ('wrong' in parsed) return S.notJson(parsed.wrong);
      values[name] = parsed.value;
    }
  }
  return values;
}

export function parseJson(text: string): { value: unknown } | { wrong: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}
