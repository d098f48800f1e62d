/** The circuits that have seen a failure or were opened by hand, and how they are opened and closed. */
import type { CircuitRecord } from '../../../src/client/circuits.js';
import type { Question } from '../dialog.js';
import type { Tone } from '../status.js';
import { Y } from '../strings/system.js';
import { Moment } from '../time.js';
import { openAnyCircuit, switchCircuit } from './questions.js';
import { Table, type Head } from './table.js';

const HEADS: readonly Head[] = [
  ...[{ text: Y.circuit }, { text: Y.project }, { text: Y.state }],
  ...[{ text: Y.failures, isNumber: true } as const, { text: Y.changed }],
  { text: Y.actions, isHidden: true },
];
const TONES: Record<CircuitRecord['mode'], Tone> = {
  ...{ closed: 'good', open: 'bad', half_open: 'warn' },
};

interface Props {
  circuits: readonly CircuitRecord[];
  onAsk: (question: Question) => void;
}

export function Circuits({ circuits, onAsk }: Props) {
  return (
    <section className="card wide">
      <div className="label-line">
        <h2>{Y.circuits}</h2>
        <button type="button" onClick={() => onAsk(openAnyCircuit)}>
          {Y.openOne}
        </button>
      </div>
      <p className="soft">{Y.circuitsText}</p>
      {circuits.length === 0 && <p>{Y.noCircuits}</p>}
      {circuits.length > 0 && (
        <Table label={Y.circuits} heads={HEADS}>
          {circuits.map((circuit) => (
            <Circuit key={`${circuit.project} ${circuit.name}`} {...{ circuit, onAsk }} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Circuit({ circuit, onAsk }: { circuit: CircuitRecord; onAsk: Props['onAsk'] }) {
  const { name, project, mode, forced, failures, openUntil, updatedAt } = circuit;
  return (
    <tr data-circuit={name} data-mode={mode}>
      <td className="code">{name}</td>
      <td className={project === null ? 'soft' : ''}>{project ?? Y.noProject}</td>
      <td>
        <span className={`badge ${TONES[mode]}`}>{Y.circuitModes[mode]}</span>{' '}
        <span className="soft small">
          {forced && Y.byHand}
          {!forced && openUntil && (
            <>
              {Y.until} <Moment at={openUntil} />
            </>
          )}
        </span>
      </td>
      <td className="number">{failures}</td>
      <td className="soft">
        <Moment at={updatedAt} />
      </td>
      <td>
        <div className="buttons end-cell">
          {!forced && (
            <button
              type="button"
              aria-label={Y.openCircuit(name)}
              onClick={() => onAsk(switchCircuit(circuit, 'open'))}
            >
              {Y.open}
            </button>
          )}
          {(mode !== 'closed' || failures > 0) && (
            <button
              type="button"
              aria-label={Y.closeCircuit(name)}
              onClick={() => onAsk(switchCircuit(circuit, 'close'))}
            >
              {Y.close}
            </button>
          )}
        </div>
      </td>
    </tr>
  );
}
