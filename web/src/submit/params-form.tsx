/** The form of a pipeline's parameters: a field for each, made from its JSON Schema; or all of them as JSON. */
import { useId, useState } from 'react';
import type { ParamSpec } from '../../../src/domain/spec.js';
import { P } from '../strings/submit.js';
import { choicesOf, factsOf, initialText, isSecret, kindOf, textOf } from './param-field.js';
import { toForm, toJson, type Specs, type Typed, type Values } from './params.js';

interface Props {
  specs: Specs;
  typed: Typed;
  values: Values;
  /** What the server said of fields, by name. */
  refused: ReadonlyMap<string, string>;
  /** Whether somebody tried: until then a field is told wrong once it was left. */
  tried: boolean;
  onType: (typed: Typed, name?: string) => void;
}

export function ParamsForm({ specs, typed, values, refused, tried, onType }: Props) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [stuck, setStuck] = useState<string>();
  const switchTo = (as: Typed['as']) => {
    if (as === typed.as) return;
    const next = as === 'json' ? toJson(specs, typed) : toForm(specs, typed);
    if ('wrong' in next) return setStuck(next.wrong);
    setStuck(undefined);
    onType(next);
  };
  const names = Object.keys(specs);
  const inFields = names.filter((name) => typed.as === 'form' || isSecretOf(specs, name));
  const wrongOf = (name: string) =>
    (tried || left.has(name) ? values.wrong.get(name) : undefined) ?? refused.get(name);
  const elsewhere = names.filter((name) => !inFields.includes(name) && wrongOf(name));
  const wrongJson = stuck ?? (tried ? values.wrongJson : undefined);
  return (
    <div className="params" role="group" aria-label={P.params}>
      <div className="label-line">
        <h2>{P.params}</h2>
        <div className="tabs small" role="group" aria-label={P.howGiven}>
          {(['form', 'json'] as const).map((as) => (
            <button
              key={as}
              type="button"
              aria-pressed={typed.as === as}
              onClick={() => switchTo(as)}
            >
              {as === 'form' ? P.asForm : P.asJson}
            </button>
          ))}
        </div>
      </div>
      {typed.as === 'form' && names.length === 0 && <p className="soft">{P.none}</p>}
      {typed.as === 'json' && (
        <JsonField
          text={typed.json}
          wrong={[
            ...(wrongJson ? [{ path: 'params', text: wrongJson }] : []),
            ...elsewhere.map((name) => ({ path: `params.${name}`, text: wrongOf(name) ?? '' })),
          ]}
          onType={(json) => {
            setStuck(undefined);
            onType({ ...typed, json });
          }}
        />
      )}
      {inFields.map((name) => (
        <ParamField
          key={name}
          name={name}
          spec={specs[name] ?? {}}
          text={typed.texts.get(name)}
          wrong={wrongOf(name)}
          onType={(text) => onType({ ...typed, texts: new Map(typed.texts).set(name, text) }, name)}
          onLeave={() => setLeft(new Set(left).add(name))}
        />
      ))}
    </div>
  );
}

const isSecretOf = (specs: Specs, name: string): boolean => isSecret(specs[name] ?? {});

interface JsonProps {
  text: string;
  wrong: readonly { path: string; text: string }[];
  onType: (text: string) => void;
}

function JsonField({ text, wrong, onType }: JsonProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{`${P.params} (${P.json})`}</label>
      <textarea
        id={id}
        rows={8}
        spellCheck={false}
        value={text}
        aria-invalid={wrong.length > 0}
        aria-describedby={`${id}-wrong`}
        onChange={(event) => onType(event.target.value)}
      />
      <ul id={`${id}-wrong`} className="wrong small">
        {wrong.map(({ path, text: words }) => (
          <li key={path} data-path={path}>
            <span className="code">{path}</span> {words}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface FieldProps {
  name: string;
  spec: ParamSpec;
  text: string | undefined;
  wrong: string | undefined;
  onType: (text: string) => void;
  onLeave: () => void;
}

function ParamField({ name, spec, text, wrong, onType, onLeave }: FieldProps) {
  const id = useId();
  const props = {
    id,
    value: text ?? initialText(spec),
    'aria-invalid': wrong !== undefined,
    'aria-describedby': `${id}-about ${id}-facts`,
    'aria-required': spec.default === undefined,
    onBlur: onLeave,
    onChange: (event: { target: { value: string } }) => onType(event.target.value),
  };
  return (
    <div className="field" data-param={name}>
      <label htmlFor={id}>
        {name} {spec.default === undefined && <span className="soft">({P.required})</span>}
      </label>
      {spec.description && (
        <p id={`${id}-about`} className="soft small">
          {spec.description}
        </p>
      )}
      <Input {...{ spec, props }} />
      {wrong === undefined ? (
        <p id={`${id}-facts`} className="soft small facts-line">
          {factsOf(spec)}
        </p>
      ) : (
        <p id={`${id}-facts`} className="wrong small facts-line" data-path={`params.${name}`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

type InputProps = {
  id: string;
  value: string;
  onBlur: () => void;
  onChange: (event: { target: { value: string } }) => void;
};

function Input({ spec, props }: { spec: ParamSpec; props: InputProps }) {
  const kind = kindOf(spec);
  // Nor does the browser keep it.
  if (isSecret(spec)) return <input {...props} type="password" autoComplete="new-password" />;
  switch (kind) {
    case 'choice':
      return (
        <select {...props}>
          {spec.default === undefined && <option value="">{P.choose}</option>}
          {choicesOf(spec)?.map((value) => (
            <option key={textOf(spec, value)} value={textOf(spec, value)}>
              {typeof value === 'string' ? value : JSON.stringify(value)}
            </option>
          ))}
        </select>
      );
    case 'json':
      return <textarea {...props} rows={rowsOf(props.value)} spellCheck={false} />;
    case 'lines':
      return <textarea {...props} rows={5} />;
    case 'number':
      return <input {...props} inputMode="decimal" autoComplete="off" />;
    case 'date':
      return <input {...props} type="date" />;
    case 'text':
      return <input {...props} autoComplete="off" spellCheck={false} />;
  }
}

const rowsOf = (text: string): number => Math.min(12, Math.max(3, text.split('\n').length));
