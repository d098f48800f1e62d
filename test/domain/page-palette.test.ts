import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_STYLE } from '../../src/domain/report-style.js';

/** `--good: #17803d` and the like, in order. */
const colours = (css: string): string[] =>
  [...css.matchAll(/--(paper|ink|soft|line|fill|good|bad|warn|busy|idle): #\w+/g)].map(
    ([text]) => text,
  );

describe('the colours of the page', () => {
  it('are those of the report, in light and in dark', () => {
    const page = readFileSync(join(__dirname, '../../web/src/base.css'), 'utf8');
    expect(colours(page)).toEqual(colours(REPORT_STYLE));
    expect(colours(page)).toHaveLength(20);
  });
});
