/** Handlers of this process that run now, by what they count for. */
export class Gauge {
  private readonly now = new Map<string, number>();
  private readonly peaks = new Map<string, number>();

  async during<T>(name: string, weight: number, work: () => Promise<T>): Promise<T> {
    this.add(name, weight);
    try {
      return await work();
    } finally {
      this.add(name, -weight);
    }
  }

  most(name: string): number {
    return this.peaks.get(name) ?? 0;
  }

  running(name: string): number {
    return this.now.get(name) ?? 0;
  }

  private add(name: string, weight: number): void {
    const now = this.running(name) + weight;
    this.now.set(name, now);
    this.peaks.set(name, Math.max(this.most(name), now));
  }
}
