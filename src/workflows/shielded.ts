/**
 * Handlers run in the workflow's root scope: once a cancel is requested, whatever they wait for or start there fails at
 * once. What they set going belongs to the run, which ends in its own way, so they are shielded as the run is.
 */
import { CancellationScope, defineSignal, setHandler } from '@temporalio/workflow';

/** Runs what a handler or a callback has to do where a cancel does not reach it. */
export function shielded<T>(run: () => T | Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(() => Promise.resolve(run()));
}

/** Hears a signal, whatever it carries: it is checked by who hears it. */
export function onSignal(name: string, hear: (signal: unknown) => void): void {
  setHandler(defineSignal<[unknown]>(name), (signal) => shielded(() => hear(signal)));
}
