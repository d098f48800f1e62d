/** What a container used, from the engine's own samples: about one a second, so a short one may have none. */

export interface Usage {
  peakMemoryBytes?: number;
  cpuMs?: number;
}

interface Sample {
  memory_stats?: { usage?: number; max_usage?: number };
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
}

/** Longest line that is taken for a sample, in characters. */
const LINE_LIMIT = 1_048_576;

/** Gathers samples, a line of JSON each; the last of an ended container are empty and change nothing. */
export class UsageSamples {
  readonly usage: Usage = {};
  private rest = '';

  push(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LINE_LIMIT) this.rest = '';
    for (const line of lines) this.take(line);
  }

  private take(line: string): void {
    let sample: Sample;
    try {
      sample = JSON.parse(line) as Sample;
    } catch {
      return;
    }
    const memory = sample.memory_stats?.max_usage ?? sample.memory_stats?.usage ?? 0;
    const cpuMs = Math.round((sample.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e6);
    if (memory > 0) this.usage.peakMemoryBytes = Math.max(this.usage.peakMemoryBytes ?? 0, memory);
    if (cpuMs > 0) this.usage.cpuMs = Math.max(this.usage.cpuMs ?? 0, cpuMs);
  }
}
