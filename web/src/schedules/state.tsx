/** Whether a schedule starts anything by the clock: a sign and a word. */
import { C } from '../strings/schedules.js';

export function State({ paused }: { paused: boolean }) {
  return (
    <span className={`badge ${paused ? 'warn' : 'good'}`} data-paused={paused}>
      <span className="sign" aria-hidden="true">
        {paused ? '‖' : '●'}
      </span>
      {paused ? C.paused : C.active}
    </span>
  );
}
