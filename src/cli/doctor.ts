import { accessSync, constants } from 'node:fs';
import { isIPv6 } from 'node:net';
import { type Clients, createClients } from '../clients/clients.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { ConfigError } from '../config-error.ts';
import type { Database } from '../drivers/database/database.ts';
import { openDatabase } from '../drivers/database/open.ts';
import { openSmtpMail } from '../drivers/mail/smtp.ts';
import { openHttpSms } from '../drivers/sms/http.ts';
import { createClientCheck } from '../engine/client-check.ts';
import { createSigningKeys } from '../engine/signing-keys.ts';
import { clockDoubt, clockSkew, littleSpace } from '../presence.ts';
import { systemRandom } from '../random.ts';
import { createSecrets } from '../secrets.ts';
import { readSecrets } from '../secrets-store.ts';
import { variables } from '../settings.ts';
import { type Command, json, type Terminal, table } from './command.ts';

type Finding = { check: string; ok: boolean; detail: string };

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'List every setting and check that the server could work with them.',
  options: { json },
  async run(input, terminal) {
    const settings = variables.map((variable) => ({ ...variable, value: shownValue(terminal.env, variable) }));
    const findings = await examine(terminal);
    const ok = findings.every((finding) => finding.ok);
    if (input.flag('json')) {
      terminal.print(
        JSON.stringify({ ok, checks: findings, settings: settings.map(({ name, value }) => ({ name, value })) }),
      );
      return ok;
    }
    for (const line of table(
      settings.map(({ name, value, fallback, meaning }) => [name, value ?? `(${fallback})`, meaning]),
    )) {
      terminal.print(line);
    }
    terminal.print('');
    for (const line of table(findings.map(({ check, ok, detail }) => [ok ? 'ok  ' : 'FAIL', check, detail])))
      terminal.print(line);
    return ok;
  },
};

/** Null where nothing is set. What is secret is never printed, not even in part. */
function shownValue(env: NodeJS.ProcessEnv, { name, secret }: { name: string; secret?: boolean }): string | null {
  if (env[name]) return secret ? 'set (hidden)' : env[name];
  const file = env[`${name}_FILE`];
  return file ? `from ${file}` : null;
}

async function examine(terminal: Terminal): Promise<Finding[]> {
  const node = await check('Node.js', async () => {
    if (Number(process.versions.node.split('.')[0]) < 26)
      throw new Error(`${process.version} is too old: 26 is needed.`);
    return process.version;
  });
  let config: Config;
  try {
    config = terminal.config();
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [messageOf(error)];
    return [node, ...problems.map((detail) => ({ check: 'configuration', ok: false, detail }))];
  }
  return [
    node,
    {
      check: 'configuration',
      ok: true,
      detail: config.development ? 'for development, on loopback' : 'for production',
    },
    await check('issuer', async () => issuerDetail(config)),
    ...(config.trustedProxies.length > 0 ? [await check('proxies', () => proxiesDetail(config))] : []),
    await check('data folder', async () => {
      accessSync(config.data, constants.R_OK | constants.W_OK);
      return config.data;
    }),
    ...(await examineDatabase(config)),
    await check('shared memory', () => examineEphemeral(config)),
    await check('mail', () => examineMail(config)),
    await check('text messages', () => examineSms(config)),
  ];
}

function issuerDetail({ issuer, development, trustedProxies, port }: Config): string {
  if (!development && trustedProxies.length === 0)
    return `${issuer}; set LATCHKEY_TRUSTED_PROXIES if a proxy ends TLS in front of port ${port}`;
  return issuer;
}

/** With what the server that runs here has seen of them (fault B5), if one does and its numbers are for us. */
async function proxiesDetail({ trustedProxies, host, port, metricsToken }: Config): Promise<string> {
  const here = ['0.0.0.0', '::'].includes(host) ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  const answer = await fetch(`http://${here}:${port}/metrics`, {
    headers: metricsToken === undefined ? {} : { authorization: `Bearer ${metricsToken}` },
    signal: AbortSignal.timeout(2000),
  }).catch(() => undefined);
  const numbers = answer?.ok ? await answer.text() : '';
  const count = Number(/^latchkey_unreadable_addresses_total (\d+)$/m.exec(numbers)?.[1] ?? 0);
  const words = `${trustedProxies.join(', ')} believed about addresses`;
  if (count === 0) return words;
  return `${words}; ${count} requests since the start brought none that can be read: limits saw the proxy's instead`;
}

async function examineDatabase(config: Config): Promise<Finding[]> {
  const kind = config.databaseUrl ? 'as LATCHKEY_DATABASE_URL says' : `embedded, in ${config.data}`;
  let pending: string[] = [];
  const database = await openDatabase(config);
  try {
    const reachable = await check('database', async () => {
      await database.ping();
      return kind;
    });
    if (!reachable.ok) return [reachable];
    const around = [reachable, await check('clock', async () => clockDetail(database))];
    // Another machine's disk is that machine's to watch.
    if (database.headroom) around.push(await check('disk', async () => diskDetail(database)));
    const upToDate = await check('migrations', async () => {
      pending = await database.pendingMigrations();
      const newer = await database.newerMigrations();
      const beyond = newer.length > 0 ? `; a newer version has applied ${newer.join(', ')}` : '';
      return (pending.length > 0 ? `${pending.join(', ')} will be applied at the next start` : 'none pending') + beyond;
    });
    if (!upToDate.ok || pending.length > 0) return [...around, upToDate];
    const signing = await check('signing keys', async () => {
      const secrets = (await readSecrets({ database, config })) ?? createSecrets(config.secret);
      const needs = { database, secrets, clock: systemClock, random: systemRandom };
      const keys = createSigningKeys(needs);
      if ((await keys.list()).length === 0) return 'none yet; made at the first start';
      return `${(await keys.load()).length}, and the secret opens them`;
    });
    const clients = await check('clients', async () => {
      const secrets = (await readSecrets({ database, config })) ?? createSecrets(config.secret);
      const needs = { database, secrets, clock: systemClock, random: systemRandom, accepted: createClientCheck() };
      return clientsDetail(createClients(needs));
    });
    return [...around, upToDate, signing, clients];
  } finally {
    await database.close();
  }
}

/** Those that an older version registered although their every request fails (fault C5). */
async function clientsDetail(clients: Clients): Promise<string> {
  const unfit = await clients.unfit();
  const told = unfit.map(({ id, problem }) => `${id}: ${problem} Mend it with "latchkey clients change ${id}".`);
  if (told.length > 0) throw new Error(told.join(' '));
  return `${(await clients.list()).length}, and the server works with each`;
}

function diskDetail(database: Database): string {
  const free = database.headroom?.() ?? 0;
  const words = `${Math.floor(free / 1024 / 1024)} MiB free`;
  if (free < littleSpace) throw new Error(`only ${words}: once it is full, nothing is stored and nobody signs in.`);
  return words;
}

/** Every time that processes compare is the database's; what this machine's own clock is for, needs it to be right, too. */
async function clockDetail(database: Database): Promise<string> {
  const skew = await clockSkew(database, systemClock);
  const words = `${(Math.abs(skew) / 1000).toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} the database's`;
  if (Math.abs(skew) > clockDoubt) throw new Error(`${words}: let a time service set both.`);
  return Math.abs(skew) < 100 ? 'that of the database' : words;
}

async function examineEphemeral({ valkeyUrl }: Config): Promise<string> {
  if (!valkeyUrl) return 'this process alone (enough for one server)';
  const { openValkey } = await import('../drivers/ephemeral/valkey.ts');
  const ephemeral = await openValkey(valkeyUrl);
  try {
    await ephemeral.ping();
    return 'reachable';
  } finally {
    await ephemeral.close();
  }
}

async function examineMail({ smtpUrl, mailFrom, issuer, data }: Config): Promise<string> {
  if (!smtpUrl) return `into files in ${data}`;
  const mail = openSmtpMail({ url: smtpUrl, from: mailFrom, issuer });
  try {
    await mail.verify();
    return `accepted as ${mailFrom}`;
  } finally {
    await mail.close();
  }
}

async function examineSms({
  smsUrl,
  smsFrom = '',
  smsCountries,
  smsPerDay,
  development,
  data,
}: Config): Promise<string> {
  if (!smsUrl) return development ? `into files in ${data}` : 'none: nobody can add a phone number';
  await openHttpSms({ url: smsUrl, from: smsFrom }).verify();
  const countries = smsCountries === 'all' ? 'all countries' : smsCountries.join(', ');
  return `accepted as ${smsFrom}, to ${countries}, at most ${smsPerDay} a day`;
}

async function check(name: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check: name, ok: true, detail: await look() };
  } catch (error) {
    return { check: name, ok: false, detail: messageOf(error) };
  }
}

/** Some network errors hold their words in the errors they gather. */
function messageOf(error: unknown): string {
  const { message, code, errors } = error as Error & { code?: string; errors?: Error[] };
  return message || errors?.map((each) => each.message).join('; ') || code || String(error);
}
