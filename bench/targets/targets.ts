import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPostgres } from '../../test/helpers/postgres-server.ts';
import type { Server } from '../../test/helpers/servers.ts';
import { startValkey } from '../../test/helpers/valkey-server.ts';
import { startLatchkey } from './latchkey.ts';
import { startOwnServer } from './own-server.ts';
import { clientId, deviceCodeGrant, scope, standardRequests, type Target } from './target.ts';

const standard = standardRequests(clientId);
const bearer = JSON.stringify({ client_id: clientId, scope });
const poll = JSON.stringify({ grant_type: deviceCodeGrant, device_code: '{value}', client_id: clientId });

export const latchkeySqlite: Target = {
  name: 'latchkey-sqlite',
  meaning: 'Latchkey as it starts by default: one process, SQLite, every commit durable',
  requests: standard,
  alone: true,
  start: (wishes) => startLatchkey(latchkeySqlite, wishes),
};

export const latchkeyPostgres: Target = {
  name: 'latchkey-pg',
  meaning: 'Latchkey on PostgreSQL and a Redis-protocol server, which run on the other core',
  requests: standard,
  alone: false,
  start: async (wishes) => startLatchkey(latchkeyPostgres, wishes, wishes.beside ? {} : await sharedStores()),
};

export const oidcMemory: Target = {
  name: 'oidc-memory',
  meaning: 'oidc-provider with its device flow, everything in a map: nothing is durable',
  requests: standard,
  alone: true,
  start: (wishes) => startOwnServer(oidcMemory, 'oidc-provider', wishes, { storage: 'memory' }),
};

export const oidcSqlite: Target = {
  name: 'oidc-sqlite',
  meaning: 'oidc-provider with its device flow on SQLite, every write durable',
  requests: standard,
  alone: true,
  start: (wishes) => startOwnServer(oidcSqlite, 'oidc-provider', wishes, { storage: 'sqlite' }),
};

export const betterAuth: Target = {
  name: 'better-auth',
  meaning: 'better-auth with its device plugin on SQLite, every write durable; a code becomes a session, not tokens',
  requests: {
    issue: { path: '/api/auth/device/code', type: 'application/json', body: bearer },
    poll: { path: '/api/auth/device/token', type: 'application/json', body: poll },
  },
  alone: true,
  start: (wishes) => startOwnServer(betterAuth, 'better-auth', wishes),
};

export const floor: Target = {
  name: 'floor-http',
  meaning: 'the floor: bare node:http, waiting codes in a map, the rest on SQLite with shared durable commits',
  requests: standard,
  alone: true,
  start: (wishes) => startOwnServer(floor, 'floor', wishes),
};

export const allTargets: readonly Target[] = [
  latchkeySqlite,
  latchkeyPostgres,
  oidcMemory,
  oidcSqlite,
  betterAuth,
  floor,
];

let servers: Promise<[Server, Server]> | undefined;

/** One PostgreSQL and one Redis-protocol server for the whole run; every target that starts gets a database of its own. */
async function sharedStores(): Promise<Record<string, string>> {
  servers ??= Promise.all([given('POSTGRES') ?? startPostgres({ durable: true }), given('VALKEY') ?? startValkey()]);
  const [postgres, valkey] = await servers;
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return { LATCHKEY_DATABASE_URL: url.href, LATCHKEY_VALKEY_URL: valkey.url };
}

/** The one the test command has started, where nothing is timed. */
function given(name: string): Server | undefined {
  const url = process.env[`TEST_${name}_URL`];
  return url ? { url, stop: async () => {} } : undefined;
}

export async function stopSharedStores(): Promise<void> {
  for (const server of (await servers) ?? []) await server.stop();
  servers = undefined;
}
