/** What Mermaid and DOT have in common: boxes and arrows, and what each box says. */
import { TaskError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import { refused, type Settled } from './conversion.js';
import { nodeNames } from './ids.js';
import type { Losses } from './loss.js';

const MOST_ARROWS = 500_000;

/** A box, by the id that the text calls it. */
interface Box {
  /** The line that it is first named in. */
  line: number;
  label?: string;
}

/** A picture that is being read. */
export class Picture {
  name: string | undefined;
  private readonly boxes = new Map<string, Box>();
  private readonly ids = new Map<string, string>();
  private drawn = 0;
  private readonly arrows = new Map<string, { from: string; to: string; line: number }>();
  private readonly groups = new Map<string, Set<string>>();
  /** Boxes that an arrow at a frame begins or ends at: found once all arrows are known. */
  private readonly endsOfFrames = new Map<string, string[]>();

  constructor(readonly losses: Losses) {}

  box(raw: string, line: number, label?: string): void {
    const box = this.boxes.get(raw) ?? { line };
    if (label !== undefined) box.label = label;
    this.boxes.set(raw, box);
  }

  /** Says which node a box is. */
  identify(raw: string, id: string): void {
    this.ids.set(raw, id);
  }

  /** @throws TaskError TOO_LARGE for more arrows than a pipeline could have */
  arrow(from: string, to: string, line: number): void {
    if (++this.drawn > MOST_ARROWS)
      throw new TaskError('TOO_LARGE', `line ${line}: more than ${MOST_ARROWS} arrows`);
    this.arrows.set(`${from}\n${to}`, { from, to, line });
  }

  /** A frame around boxes, which an arrow may lead to. */
  group(raw: string): void {
    if (!this.groups.has(raw)) this.groups.set(raw, new Set());
  }

  inGroup(group: string, raw: string): void {
    this.groups.get(group)?.add(raw);
  }

  lose(line: number, feature: string, message: string): void {
    this.losses.addLine(line, feature, message);
  }

  /** @throws TaskError where there is no box */
  spec({ task, name }: Settled): GraphSpec {
    const real = [...this.boxes].filter(([raw]) => !this.groups.has(raw));
    if (real.length === 0) throw refused('the graph has no nodes, so there is nothing to run');
    const names = nodeNames();
    for (const [raw] of real) names.of(raw, this.ids.get(raw) ?? raw);
    const waits = new Map<string, Set<string>>(real.map(([raw]) => [raw, new Set()]));
    for (const { from, to, line } of this.arrows.values())
      for (const end of this.ends(to, 'first', line))
        for (const start of this.ends(from, 'last', line)) waits.get(end)?.add(start);
    const tasks = real.map(([raw, box]) => {
      const id = names.of(raw);
      const dependsOn = [...(waits.get(raw) ?? [])].map((one) => names.of(one));
      const description = this.described(raw, id, box);
      return {
        id,
        task,
        ...(description === undefined ? {} : { description }),
        ...(dependsOn.length === 0 ? {} : { dependsOn }),
      };
    });
    return { name: this.name?.trim().slice(0, 200) || name, concurrency: 100, tasks };
  }

  /** The boxes that an arrow begins or ends at: of a frame its last or first ones. */
  private ends(
    raw: string,
    which: 'first' | 'last',
    line: number,
    seen: readonly string[] = [],
  ): string[] {
    const members = this.groups.get(raw);
    if (!members) return [raw];
    this.lose(line, 'subgraph', `an arrow at the frame ${raw} is one at its ${which} nodes`);
    if (seen.includes(raw)) return [];
    const key = `${which} ${raw}`;
    const known = seen.length === 0 ? this.endsOfFrames.get(key) : undefined;
    const ends = known ?? this.endsInside(members, which, line, [...seen, raw]);
    if (seen.length === 0) this.endsOfFrames.set(key, ends);
    if ((this.drawn += ends.length) > MOST_ARROWS)
      throw new TaskError('TOO_LARGE', `line ${line}: more than ${MOST_ARROWS} arrows`);
    return ends;
  }

  private endsInside(
    members: ReadonlySet<string>,
    which: 'first' | 'last',
    line: number,
    seen: readonly string[],
  ): string[] {
    const within = new Set([...members].flatMap((one) => this.ends(one, which, line, seen)));
    const behind = new Set<string>();
    for (const { from, to } of this.arrows.values())
      if (within.has(from) && within.has(to)) behind.add(which === 'first' ? to : from);
    return [...within].filter((one) => !behind.has(one));
  }

  /** What the label says besides the id. */
  private described(raw: string, id: string, { label, line }: Box): string | undefined {
    const changed = id !== raw && !this.ids.has(raw);
    if (changed) this.lose(line, 'id', `${JSON.stringify(raw)} is the node ${id} here`);
    const text = label ?? (changed ? raw : id);
    if (text === id || text.trim() === '') return undefined;
    return (
      (text.startsWith(`${id}\n`) ? text.slice(id.length + 1) : text).slice(0, 1_000) || undefined
    );
  }
}

/** What a node's box says: its id, and below it its description. */
export const labelOf = ({ id, description }: GraphSpec['tasks'][number]): string =>
  description === undefined || description === '' ? id : `${id}\n${description}`;
