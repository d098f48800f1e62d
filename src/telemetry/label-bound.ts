/** Keeps the values of a label few: a metric has a time series for each, and names come from users. */
export class LabelBound {
  private readonly known = new Set<string>();

  /** @param most different values; all others are `other` */
  constructor(private readonly most: number) {}

  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.most) return 'other';
    this.known.add(value);
    return value;
  }
}
