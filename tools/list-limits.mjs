// Fills the list of limits in docs/security/throttling.md from the one that the server counts by.
// `node tools/list-limits.mjs` writes; it needs a build. A test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listLimits } from '../dist/test/helpers/limit-list.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const page = 'docs/security/throttling.md';
writeFileSync(page, listLimits(readFileSync(page, 'utf8')));
