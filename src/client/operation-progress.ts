/** How far operations are, told to `onProgress`. */
import { isTerminal, type Status } from '../domain/status.js';
import { quietly } from './follow.js';

/** How far operations are. */
export interface OperationsProgress {
  /** Operations that have ended, in whatever way. */
  done: number;
  total: number;
  description: string;
  unit: string;
}

export interface ProgressOptions {
  /** Told at the start, whenever operations have ended, and at the end. What it throws is only a warning. */
  onProgress?: (progress: OperationsProgress) => void;
  /** What `onProgress` hands on. Default `Executing operations`. */
  description?: string;
  /** What `onProgress` hands on. Default `operations`. */
  unit?: string;
}

/** Counts what has ended, over both graphs where there are two, and tells it whenever it grows. */
export class OperationTracker {
  private told = -1;
  private before = 0;

  constructor(
    private readonly total: number,
    private readonly options: ProgressOptions,
  ) {
    this.tell(0);
  }

  see(counts: Partial<Record<Status, number>>): void {
    const ended = Object.entries(counts).filter(([status]) => isTerminal(status as Status));
    this.tell(this.before + ended.reduce((sum, [, count]) => sum + count, 0));
  }

  /** So many begin once more. */
  again(count: number): void {
    this.before = this.total - count;
  }

  end(): void {
    this.tell(this.total);
  }

  private tell(done: number): void {
    const { onProgress, description = 'Executing operations', unit = 'operations' } = this.options;
    if (done <= this.told) return;
    this.told = done;
    quietly('onProgress', () => onProgress?.({ done, total: this.total, description, unit }));
  }
}
