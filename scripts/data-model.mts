/** `npm run docs:model`: writes docs/data-model.md; with `--check` only says whether it is as the migrations make it. */
import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { dataModel } from './data-model/document.js';

const file = new URL('../docs/data-model.md', import.meta.url);
const before = await readFile(file, 'utf8').catch(() => '');
const now = await format(await dataModel(), { parser: 'markdown' });
if (before === now) console.log('docs/data-model.md is as it was');
else if (process.argv.includes('--check')) {
  console.error('docs/data-model.md is not what the migrations make: npm run docs:model');
  process.exitCode = 1;
} else {
  await writeFile(file, now);
  console.log('wrote docs/data-model.md');
}
