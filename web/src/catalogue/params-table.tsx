/** What a pipeline takes: each parameter with its schema and default. */
import type { ParamSpec } from '../../../src/domain/spec.js';
import { K } from '../strings/catalogue.js';

export function ParamsTable({ params }: { params: Readonly<Record<string, ParamSpec>> }) {
  const all = Object.entries(params);
  if (all.length === 0) return <p className="soft">{K.noParams}</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={K.params}>
      <table>
        <thead>
          <tr>
            <th scope="col">{K.name}</th>
            <th scope="col">{K.schema}</th>
            <th scope="col">{K.default}</th>
            <th scope="col">{K.description}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(([name, { default: value, description, ...schema }]) => (
            <tr key={name}>
              <td className="code">{name}</td>
              <td className="code">{JSON.stringify(schema)}</td>
              <td className="code">
                {value === undefined ? <em>{K.required}</em> : JSON.stringify(value)}
              </td>
              <td>{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
