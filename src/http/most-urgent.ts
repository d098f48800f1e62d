/** Which of very many nodes are told: those that somebody has to see first. Pure. */
import type { ExecutionUpdate } from '../client.js';
import { STATUSES, type Status } from '../domain/status.js';
import type { NodeView } from '../workflows/messages.js';

/** From the most urgent; TypeScript refuses a status without a place. */
const URGENCY: Record<Status, number> = {
  FAILED: 0,
  TIMEOUT: 1,
  REJECTED: 2,
  RETRYING: 3,
  RUNNING: 4,
  PREPARING: 5,
  PAUSED: 6,
  SCHEDULED: 7,
  PENDING: 8,
  CANCELLED: 9,
  SKIPPED: 10,
  COMPLETED: 11,
};

export interface ShownUpdate extends ExecutionUpdate {
  /** The nodes that are told, in their own order. What is not in here any more is no longer kept up to date. */
  shown: string[];
}

/** Makes of updates with all nodes such with the most urgent ones alone. */
export class MostUrgent {
  private readonly views = new Map<string, NodeView>();
  private told = new Map<string, NodeView>();

  constructor(private readonly most: number) {}

  take(update: ExecutionUpdate): ShownUpdate {
    for (const view of update.changed) this.views.set(view.id, view);
    const shown = this.chosen();
    const changed = shown.filter((view) => this.told.get(view.id) !== view);
    this.told = new Map(shown.map((view) => [view.id, view]));
    return { ...update, changed, shown: [...this.told.keys()] };
  }

  private chosen(): NodeView[] {
    if (this.views.size <= this.most) return [...this.views.values()];
    const byUrgency = STATUSES.map((): NodeView[] => []);
    for (const view of this.views.values()) {
      const alike = byUrgency[URGENCY[view.status]];
      if (alike && alike.length < this.most) alike.push(view);
    }
    const chosen = new Set(byUrgency.flat().slice(0, this.most));
    return [...this.views.values()].filter((view) => chosen.has(view));
  }
}
