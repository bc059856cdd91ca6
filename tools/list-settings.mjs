// Writes the table of settings into docs/operate.md, from the list that `latchkey doctor` prints.
// `npm run build && node tools/list-settings.mjs`; with `--check` it only says whether the page is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { variables } from '../dist/src/settings.js';

const page = fileURLToPath(new URL('../docs/operate.md', import.meta.url));
const rows = variables.map(({ name, fallback, meaning }) => `| \`${name}\` | ${cell(meaning)} | ${cell(fallback)} |`);
const table = ['| variable | meaning | without it |', '| --- | --- | --- |', ...rows].join('\n');

const before = readFileSync(page, 'utf8');
const after = before.replace(/(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/, `$1\n${table}\n\n$2`);
if (!process.argv.includes('--check')) writeFileSync(page, after);
else if (after !== before) {
  console.error('docs/operate.md does not list the settings as they are: run node tools/list-settings.mjs');
  process.exitCode = 1;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
