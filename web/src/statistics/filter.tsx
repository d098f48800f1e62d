/** What the statistics are of: kind, project, task, time and grouping. All of it stands in the address. */
import { useId, useState } from 'react';
import { api } from '../api.js';
import { usePoll } from '../poll.js';
import { go } from '../route.js';
import { T } from '../strings/statistics.js';
import { linkOf, type Choice } from './query.js';

/** Names that are offered; others can be typed. */
const MOST_NAMES = 200;

export function Filter({ choice }: { choice: Choice }) {
  const { kind, project, range, from, to, by, bys } = choice;
  const show = (change: Partial<Choice>) => go(linkOf({ ...choice, ...change }), 'replace');
  const { data: projects } = usePoll('projects', projectNames, null);
  return (
    <form
      className="filter statistics-filter"
      aria-label={T.filter}
      onSubmit={(event) => event.preventDefault()}
    >
      <Select
        {...{ label: T.kind, value: kind, words: T.kinds }}
        onChange={(one) => show({ kind: one, taskId: '' })}
      />
      <Select
        {...{ label: T.project, value: project }}
        words={{
          '': T.anyProject,
          ...(project === '' ? {} : { [project]: project }),
          ...Object.fromEntries((projects ?? []).map((name) => [name, name])),
        }}
        onChange={(one: string) => show({ project: one, taskId: '' })}
      />
      <TaskInput choice={choice} onChoose={(taskId) => show({ taskId })} />
      <Select
        {...{ label: T.range, value: range, words: T.ranges }}
        onChange={(one) => show({ range: one })}
      />
      {range === 'own' && (
        <>
          <Day label={T.from} value={from} onChange={(day) => show({ from: day })} />
          <Day label={T.to} value={to} onChange={(day) => show({ to: day })} />
        </>
      )}
      <Select
        {...{ label: T.by, value: by }}
        words={Object.fromEntries(bys.map((one) => [one, T.bys[one]])) as Record<typeof by, string>}
        onChange={(one) => show({ by: one })}
      />
    </form>
  );
}

function Select<V extends string>({
  label,
  value,
  words,
  onChange,
}: {
  label: string;
  value: V;
  words: Readonly<Record<V, string>>;
  onChange: (value: V) => void;
}) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value as V)}>
        {(Object.entries(words) as [V, string][]).map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function Day({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (day: string) => void;
}) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="date"
        value={value}
        onChange={(event) => event.target.value && onChange(event.target.value)}
      />
    </div>
  );
}

/** A name is taken once it is one that is offered, or with Enter, or on leaving the field. */
function TaskInput({ choice, onChoose }: { choice: Choice; onChoose: (name: string) => void }) {
  const { kind, project, taskId } = choice;
  const list = useId();
  const [{ typed, of }, setTyped] = useState({ typed: taskId, of: taskId });
  if (of !== taskId) setTyped({ typed: taskId, of: taskId }); // another address
  const { data: names } = usePoll(
    JSON.stringify([kind, project]),
    (signal) => taskNames({ kind, project }, signal),
    null,
  );
  const take = (name: string) => {
    if (name.trim() !== taskId) onChoose(name.trim());
  };
  return (
    <div>
      <label htmlFor={`${list}-name`}>{T.task}</label>
      <input
        id={`${list}-name`}
        type="search"
        list={list}
        value={typed}
        placeholder={T.anyTask}
        autoComplete="off"
        onChange={({ target: { value } }) => {
          setTyped({ typed: value, of });
          if (value === '' || names?.includes(value)) take(value);
        }}
        onKeyDown={(event) => event.key === 'Enter' && take(typed)}
        onBlur={() => take(typed)}
      />
      <datalist id={list}>
        {names?.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

async function projectNames(signal: AbortSignal): Promise<string[]> {
  const { groups = [] } = await api.stats({ by: 'project' }, signal);
  return groups.flatMap(({ key }) => (typeof key.project === 'string' ? [key.project] : []));
}

async function taskNames(
  of: { kind: string; project: string },
  signal: AbortSignal,
): Promise<string[]> {
  const most = { by: 'task', order: 'total', limit: MOST_NAMES } as const;
  const { groups = [] } = await api.stats({ ...of, ...most }, signal);
  return groups.flatMap(({ key }) => (typeof key.task === 'string' ? [key.task] : [])).sort();
}
