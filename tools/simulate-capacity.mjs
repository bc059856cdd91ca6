// Says how many servers a number of waiting devices needs, from tools/capacity-inputs.json.
//   node tools/simulate-capacity.mjs                     all tables of docs/scale.md
//   node tools/simulate-capacity.mjs 250000 load.heldShare=0.8 costs.poll=15
//                                                        one plan, with other inputs
//   node tools/simulate-capacity.mjs --write | --check   the tables in docs/scale.md, or whether they are up to date
// Needs a build: npm run build
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { meanWait, plan, planCells, spread } from '../dist/tools/capacity-model.js';
import { simulate } from '../dist/tools/capacity-simulation.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const described = JSON.parse(readFileSync(at('capacity-inputs.json'), 'utf8'));
const words = process.argv.slice(2);

/** The bare numbers, some of them replaced: `{ 'load.heldShare': 1 }`. */
function inputsWith(changes = {}) {
  const inputs = {};
  for (const [group, entries] of Object.entries(described)) {
    inputs[group] = Object.fromEntries(Object.entries(entries).map(([name, { value }]) => [name, value]));
  }
  for (const [path, value] of Object.entries(changes)) {
    const [group, name] = path.split('.');
    if (inputs[group]?.[name] === undefined || !Number.isFinite(value)) throw new Error(`There is no input ${path}.`);
    inputs[group][name] = value;
  }
  return inputs;
}

const tables = { inputs: inputsTable, million: millionTable, sizes: sizesTable, simulation: simulationTable };

if (words.includes('--write') || words.includes('--check')) updatePage();
else if (words.length > 0) printPlan();
else for (const [name, table] of Object.entries(tables)) console.log(`\n## ${name}\n\n${table()}`);

function printPlan() {
  const changes = words.filter((word) => word.includes('=')).map((word) => word.split('='));
  const waiting = Number(words.find((word) => /^\d+$/.test(word)) ?? 1e6);
  const { cells, cell } = planCells(
    waiting,
    inputsWith(Object.fromEntries(changes.map(([path, value]) => [path, Number(value)]))),
  );
  console.log({ cells, ...Object.fromEntries(Object.entries(cell).map(([name, value]) => [name, rounded(value)])) });
}

function updatePage() {
  const path = at('../docs/scale.md');
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [name, table] of Object.entries(tables)) {
    after = after.replace(
      new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
      (_, open, close) => `${open}\n${table()}\n\n${close}`,
    );
  }
  if (words.includes('--write')) writeFileSync(path, after);
  else if (after !== before) {
    console.error('docs/scale.md does not say what the model says: run node tools/simulate-capacity.mjs --write');
    process.exitCode = 1;
  }
}

function inputsTable() {
  const rows = Object.entries(described).flatMap(([group, entries]) =>
    Object.entries(entries).map(([name, { value, unit, what, from, measured }]) => {
      const source = from ?? (measured ? 'measured' : group === 'load' ? 'yours to say' : '**assumed**');
      return [`\`${group}.${name}\``, `${shown(value)} ${unit}`, what, source];
    }),
  );
  return table(['input', 'value', 'what', 'from'], rows);
}

function millionTable() {
  const ways = [
    ['all poll, any process answers', {}],
    ['all poll, each the same process', { 'load.affinity': 1 }],
    ['half are held', { 'load.heldShare': 0.5, 'load.affinity': 1 }],
    ['all are held', { 'load.heldShare': 1, 'load.affinity': 1 }],
  ].map(([name, changes]) => [name, plan(1e6, inputsWith(changes))]);
  const line = (name, of) => [name, ...ways.map(([, one]) => shown(of(one)))];
  return table(
    ['1,000,000 waiting', ...ways.map(([name]) => name)],
    [
      line('requests/s: codes', (one) => one.codes),
      line('requests/s: polls', (one) => one.polls + one.heldPolls),
      line('approvals/s', (one) => one.approvals),
      line('refreshes/s of linked devices', (one) => one.refreshes),
      line('cores', (one) => one.cores),
      line('processes', (one) => one.processes),
      line('codes known to each', (one) => one.codesKnown),
      line('held polls in each', (one) => one.heldPerProcess),
      line('memory of each, MiB', (one) => one.memory),
      line('polls/s that ask the database', (one) => one.firstSights),
      line('database: write transactions/s', (one) => one.databaseWrites),
      line('database: reads/s', (one) => one.databaseReads),
      line('database: rows/s to catch up', (one) => one.catchUpRows),
      line('database: connections', (one) => one.databaseConnections),
      line('Valkey: commands and messages/s', (one) => one.valkeyCommands),
      ['nearest to its limit', ...ways.map(([, one]) => `${one.bottleneck}, ${percent(one.use)}`)],
    ],
  );
}

function sizesTable() {
  const inputs = inputsWith({ 'load.affinity': 1, 'load.heldShare': 0.5 });
  const rows = [1e4, 1e5, 1e6, 1e7, 1e8].map((waiting) => {
    const { cells, cell } = planCells(waiting, inputs);
    return [
      shown(waiting),
      shown(cells),
      shown(cell.processes),
      shown(cell.polls + cell.heldPolls),
      shown(cell.databaseWrites),
      shown(cell.databaseConnections),
      `${cell.bottleneck}, ${percent(cell.use)}`,
    ];
  });
  return table(
    ['waiting', 'cells', 'processes in each', 'polls/s', 'writes/s', 'connections', 'nearest to its limit'],
    rows,
  );
}

function simulationTable() {
  const inputs = inputsWith();
  const { load, product } = inputs;
  const interval = product.pollInterval;
  const rows = [1, 4, 20].flatMap((processes) => {
    const codes = 6;
    const seen = simulate({ load, product, interval, processes, codes, watched: 6000, seed: 1 });
    const waiting = codes * meanWait(load, product.codeLife);
    const { known, met } = spread(processes, interval, load, product.codeLife);
    return [
      [processes, 'codes that wait', waiting, seen.waiting],
      [processes, 'polls/s', waiting / interval, seen.polls],
      [processes, 'codes known to a process', waiting * known, seen.codesKnown],
      [processes, 'polls/s that ask the database', codes * (met - 1), seen.firstSights],
    ].map(([count, what, model, played]) => [
      shown(count),
      what,
      shown(model),
      shown(played),
      model === 0 ? '' : `${((played / model - 1) * 100).toFixed(1)} %`,
    ]);
  });
  return table(['processes', 'what', 'arithmetic', 'played out', 'apart'], rows);
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function percent(share) {
  return `${shown(share * 100)} %`;
}

function rounded(value) {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}

/** Three digits: more would claim a precision that no input has. */
function shown(value) {
  return rounded(value).toLocaleString('en', { maximumFractionDigits: 3 });
}
