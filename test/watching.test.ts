import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { createMetrics } from '../src/metrics.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

/** Every series that a server exports once everything has happened to it. */
async function exported(): Promise<Map<string, Set<string>>> {
  const metrics = createMetrics();
  metrics.watch({
    waitingCodes: () => 1,
    heldPolls: () => 1,
    eventStreams: () => 1,
    clockSkew: () => 0,
    headroom: () => 1,
    guessesLeft: () => 1,
    pool: () => ({ limit: 1, open: 1, idle: 1, waiting: 1 }),
  });
  metrics.polled('slow_down');
  for (const status of [200, 303, 400, 503]) metrics.answered({ method: 'POST', route: '/token', status, duration: 1 });
  const { text } = await metrics.read();
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(name) ?? new Set();
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g))
      known.add(label).add(`${label}=${value}`);
    series.set(name, known);
  }
  return series;
}

/** Said of every series by whoever collects it. */
const given = new Set(['job', 'instance']);

async function checkExpression(expression: string): Promise<number> {
  const series = await exported();
  let named = 0;
  const selectors = expression.matchAll(/\b((?:latchkey|nodejs|process)_[a-z_]+)(?:\{([^}]*)\})?/g);
  for (const [, name = '', matchers = ''] of selectors) {
    named++;
    const known = series.get(name);
    assert.ok(known, `${name} is not exported: ${expression}`);
    for (const [, label = '', operator = '', value = ''] of matchers.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
      if (given.has(label)) continue;
      assert.ok(known.has(label), `${name} has no label ${label}`);
      const values = operator === '=~' ? value.split('|') : [value];
      for (const one of values) assert.ok(known.has(`${label}=${one}`), `${name} has no ${label}="${one}"`);
    }
  }
  return named;
}

type Panel = { id: number; title: string; type: string; description?: string; targets?: { expr: string }[] };

test('every metric of the dashboard is exported, and every panel says what it is for', async () => {
  const dashboard = JSON.parse(read('deploy/grafana/latchkey.json')) as { panels: Panel[] };
  let named = 0;
  for (const { title, type, description, targets = [] } of dashboard.panels) {
    if (type === 'row') continue;
    assert.ok(description, title);
    for (const { expr } of targets) named += await checkExpression(expr);
  }
  assert.ok(named > 30);
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

type Rule = {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; reason: string };
};

test('every metric of the alerts is exported, and every alert has a reason', async () => {
  const { groups } = parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  let named = 0;
  for (const { alert, expr, labels, annotations } of rules) {
    named += await checkExpression(expr);
    assert.match(labels.severity, /^(page|ticket)$/, alert);
    assert.ok(annotations.summary && annotations.reason, alert);
  }
  assert.ok(named > 15);
});

test('every metric that the documents name is exported', async () => {
  const series = await exported();
  for (const path of globSync('docs/*.md', { cwd: root })) {
    for (const [name] of read(path).matchAll(/\b(?:latchkey|nodejs|process)_[a-z_]+[a-z]\b/g)) {
      const known = [name, `${name}_count`, `${name}_bucket`].some((one) => series.has(one));
      assert.ok(known, `${path} names ${name}`);
    }
  }
});
