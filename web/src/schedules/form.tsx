/** Makes a schedule: what, when, and what happens while one runs. */
import { useId, useMemo, useState, type SyntheticEvent } from 'react';
import { api, type Problem } from '../api.js';
import { LabelledField } from '../field.js';
import { asProblem, usePoll } from '../poll.js';
import { Refused } from '../refused.js';
import { go, linkTo } from '../route.js';
import { S } from '../strings/page.js';
import { C, OVERLAP_WORDS } from '../strings/schedules.js';
import { ParamsForm } from '../submit/params-form.js';
import { UNTYPED, valuesOf, type Specs, type Typed } from '../submit/params.js';
import { fieldFaults, withoutField } from '../submit/server-faults.js';
import { paramsIn } from '../submit.js';
import { schedules } from './calls.js';
import { Preview } from './preview.js';
import { requestOf, timesOf, unsaid, type Said } from './said.js';

const WAYS = [
  ['pipeline', S.byPipeline],
  ['yaml', S.byYaml],
  ['task', S.byTask],
] as const;
const KINDS = [
  ['cron', C.byCron],
  ['every', C.byInterval],
] as const;
const NO_PARAMS: Specs = {};

type Set = (changes: Partial<Said>) => void;
interface Part {
  said: Said;
  set: Set;
}

export function ScheduleForm({ pipeline }: { pipeline: string }) {
  const [said, setSaid] = useState(() => unsaid(pipeline));
  const [typed, setTyped] = useState<Typed>(UNTYPED);
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<Problem | string>();
  const [busy, setBusy] = useState(false);
  const pipelines = usePoll('pipelines', api.pipelines, null);
  const chosen = pipelines.data?.find(({ name }) => name === said.pipeline);
  const inText = useMemo(() => paramsIn(said.yaml), [said.yaml]);
  const found = { pipeline: chosen?.params, yaml: inText, task: undefined }[said.way];
  const specs = found ?? NO_PARAMS;
  const values = valuesOf(specs, typed);

  const set: Set = (changes) => {
    setSaid({ ...said, ...changes });
    if ('way' in changes || 'pipeline' in changes) setTyped(UNTYPED);
  };
  const create = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    setProblem(undefined);
    if (found && (values.wrong.size > 0 || values.wrongJson !== undefined)) return;
    const request = requestOf(said, values.params);
    if (typeof request === 'string') return setProblem(request);
    setBusy(true);
    schedules.create(request).then(
      ({ id }) => go(linkTo(['schedules', id])),
      (error: unknown) => {
        setBusy(false);
        setProblem(asProblem(error));
      },
    );
  };
  const { fields, rest } = fieldFaults(problem, typed.as === 'form' ? specs : NO_PARAMS);
  return (
    <>
      <p className="crumb">
        <a href={linkTo(['schedules'])}>← {C.all}</a>
      </p>
      <div className="title">
        <h1>{C.newOne}</h1>
      </div>
      <form className="card submit" onSubmit={create}>
        <LabelledField label={C.id}>
          {(props) => (
            <input
              {...props}
              required
              autoComplete="off"
              value={said.id}
              onChange={(event) => set({ id: event.target.value })}
            />
          )}
        </LabelledField>
        <Choice legend={C.what} options={WAYS} value={said.way} onChoose={(way) => set({ way })} />
        <What {...{ said, set }} names={pipelines.data?.map(({ name }) => name) ?? []} />
        {found && (
          <ParamsForm
            key={`${said.way} ${said.pipeline}`}
            {...{ specs, typed, values, tried }}
            refused={fields}
            onType={(next, name) => {
              setTyped(next);
              setProblem(withoutField(problem, name));
            }}
          />
        )}
        <When {...{ said, set }} />
        <Policies {...{ said, set }} />
        {rest !== undefined && <Refused problem={rest} />}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy}>
            {busy ? C.creating : C.create}
          </button>
        </div>
      </form>
    </>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChoose: (value: T) => void;
}
function Choice<T extends string>({ legend, options, value, onChoose }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="ways">
      <legend>{legend}</legend>
      {options.map(([one, words]) => (
        <label key={one}>
          <input type="radio" name={name} checked={value === one} onChange={() => onChoose(one)} />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

function What({ said, set, names }: Part & { names: readonly string[] }) {
  switch (said.way) {
    case 'pipeline':
      return (
        <LabelledField label={S.pipeline}>
          {(props) => (
            <select
              {...props}
              required
              value={names.includes(said.pipeline) ? said.pipeline : ''}
              onChange={(event) => set({ pipeline: event.target.value })}
            >
              <option value="">{S.choosePipeline}</option>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </LabelledField>
      );
    case 'yaml':
      return (
        <LabelledField label={S.yaml}>
          {(props) => (
            <textarea
              {...{ ...props, rows: 12, required: true, spellCheck: false, value: said.yaml }}
              onChange={(event) => set({ yaml: event.target.value })}
            />
          )}
        </LabelledField>
      );
    case 'task':
      return (
        <>
          <LabelledField label={S.taskName}>
            {(props) => (
              <input
                {...{ ...props, required: true, autoComplete: 'off', value: said.task }}
                onChange={(event) => set({ task: event.target.value })}
              />
            )}
          </LabelledField>
          <LabelledField label={S.inputJson} optional>
            {(props) => (
              <textarea
                {...{ ...props, rows: 4, spellCheck: false, value: said.input }}
                onChange={(event) => set({ input: event.target.value })}
              />
            )}
          </LabelledField>
        </>
      );
  }
}

function When({ said, set }: Part) {
  const { by } = said;
  return (
    <>
      <Choice
        legend={C.howOften}
        options={KINDS}
        value={by}
        onChoose={(chosen) => set({ by: chosen })}
      />
      <LabelledField
        key={by}
        label={by === 'cron' ? C.cron : C.every}
        hint={by === 'cron' ? C.cronHint : C.everyHint}
      >
        {(props) => (
          <input
            {...{ ...props, required: true, autoComplete: 'off', spellCheck: false }}
            value={said[by]}
            onChange={(event) => set({ [by]: event.target.value })}
          />
        )}
      </LabelledField>
      <LabelledField label={C.zone} optional>
        {(props) => (
          <>
            <input
              {...{ ...props, autoComplete: 'off', spellCheck: false, value: said.timezone }}
              list={`${props.id}-zones`}
              placeholder="UTC"
              onChange={(event) => set({ timezone: event.target.value })}
            />
            <datalist id={`${props.id}-zones`}>
              {Intl.supportedValuesOf('timeZone').map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </>
        )}
      </LabelledField>
      <Preview times={timesOf(said)} />
    </>
  );
}

function Policies({ said, set }: Part) {
  return (
    <>
      <LabelledField label={C.overlap}>
        {(props) => (
          <select
            {...props}
            value={said.overlap}
            onChange={(event) => set({ overlap: event.target.value as Said['overlap'] })}
          >
            {Object.entries(OVERLAP_WORDS).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        )}
      </LabelledField>
      <div className="checks">
        {(['pauseOnFailure', 'paused'] as const).map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={said[name]}
              onChange={(event) => set({ [name]: event.target.checked })}
            />
            {name === 'paused' ? C.startPaused : C.pauseOnFailure}
          </label>
        ))}
      </div>
      {(['project', 'reason'] as const).map((name) => (
        <LabelledField key={name} label={S[name]} optional>
          {(props) => (
            <input
              {...{ ...props, autoComplete: 'off', value: said[name] }}
              onChange={(event) => set({ [name]: event.target.value })}
            />
          )}
        </LabelledField>
      ))}
    </>
  );
}
