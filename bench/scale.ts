/**
 * What a Temporal cluster carries, simulated: `npm run bench:scale -- [--write] [--all]`. Prints the tables of
 * `docs/scale.md`; `--write` puts them there. `--all` simulates ten million nodes one by one too, which takes minutes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tables, tenMillion, withTable } from './scale/report.js';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});
const DOC = fileURLToPath(new URL('../docs/scale.md', import.meta.url));

const made = {
  ...tables(),
  ...(options.all ? { 'ten-million': tenMillion((line) => console.error(line)) } : {}),
};
for (const [name, rows] of Object.entries(made)) console.log(`\n## ${name}\n\n${rows}`);
if (options.write) {
  let text = readFileSync(DOC, 'utf8');
  for (const [name, rows] of Object.entries(made)) text = withTable(text, name, rows);
  writeFileSync(DOC, text);
  execFileSync('npx', ['prettier', '--write', DOC], { stdio: 'ignore' });
}
