import { readFileSync } from 'node:fs';
import { ConfigError, type Judge } from './config-error.ts';

/** One variable of the environment that an operator may set. */
type Variable = { name: string; fallback: string; meaning: string; secret?: boolean };

/** Every variable there is; `latchkey doctor` prints this table. */
export const variables: readonly Variable[] = [
  { name: 'PORT', fallback: '3000, or that of an issuer on loopback', meaning: 'TCP port to listen on' },
  {
    name: 'LATCHKEY_HOST',
    fallback: 'that of an issuer on loopback, or 0.0.0.0 with an https issuer',
    meaning: 'Address to listen on',
  },
  {
    name: 'LATCHKEY_NAME',
    fallback: 'Latchkey',
    meaning: 'What people know it by: in authenticator apps, with their passkeys, as the sender of mails',
  },
  { name: 'LATCHKEY_ISSUER', fallback: 'http://localhost:$PORT', meaning: 'Public address people and apps use' },
  { name: 'LATCHKEY_DATA', fallback: './data', meaning: 'Folder for the embedded database, the secret and mail files' },
  {
    name: 'LATCHKEY_DATABASE_URL',
    fallback: 'embedded SQLite',
    meaning: 'postgres://… for many processes',
    secret: true,
  },
  {
    name: 'LATCHKEY_DRAIN_SECONDS',
    fallback: '2, or 0 on loopback',
    meaning: 'How long to go on serving after SIGTERM, until balancers have noticed (0 to 3)',
  },
  { name: 'LATCHKEY_VALKEY_URL', fallback: 'memory', meaning: 'redis://… for many processes', secret: true },
  {
    name: 'LATCHKEY_SECRET',
    fallback: 'made on first start, on loopback only',
    meaning: '32 bytes or more, base64',
    secret: true,
  },
  {
    name: 'LATCHKEY_PREVIOUS_SECRETS',
    fallback: 'none',
    meaning: 'Comma-separated secrets that still open what they sealed, while LATCHKEY_SECRET is being changed',
    secret: true,
  },
  {
    name: 'LATCHKEY_REQUIRE_SECOND_STEP',
    fallback: 'off',
    meaning: 'Ask everyone with a password for a second step; passwords may then have 8 characters (on or off)',
  },
  {
    name: 'LATCHKEY_SMTP_URL',
    fallback: 'files in the data folder, on loopback only',
    meaning: 'smtp://user:password@host:port',
    secret: true,
  },
  { name: 'LATCHKEY_MAIL_FROM', fallback: 'LATCHKEY_NAME <no-reply@issuer host>', meaning: 'Sender of mails' },
  {
    name: 'LATCHKEY_SMS_URL',
    fallback: 'files in the data folder on loopback; else no texts',
    meaning: 'https://account:token@host of a provider of text messages',
    secret: true,
  },
  { name: 'LATCHKEY_SMS_FROM', fallback: 'none', meaning: 'Number, name or messaging service that texts come from' },
  {
    name: 'LATCHKEY_SMS_COUNTRIES',
    fallback: 'all, without LATCHKEY_SMS_URL only',
    meaning: 'Whose numbers may be sent texts, such as DE,AT,CH (or all)',
  },
  { name: 'LATCHKEY_SMS_PER_DAY', fallback: '500', meaning: 'Texts sent a day at most, to everybody together' },
  {
    name: 'LATCHKEY_TRUSTED_PROXIES',
    fallback: 'none',
    meaning: 'Comma-separated addresses or CIDR ranges whose X-Forwarded-* and Forwarded count',
  },
  {
    name: 'LATCHKEY_COUNTRY_HEADER',
    fallback: 'none',
    meaning: 'Header in which a trusted proxy writes the country, such as cf-ipcountry',
  },
  {
    name: 'LATCHKEY_METRICS_TOKEN',
    fallback: 'none',
    meaning: 'Bearer token for /metrics outside loopback',
    secret: true,
  },
  {
    name: 'LATCHKEY_TRACES_URL',
    fallback: 'none',
    meaning: 'OTLP/HTTP address for traces, such as http://localhost:4318/v1/traces',
  },
  {
    name: 'LATCHKEY_ACTIVITY_DAYS',
    fallback: '30',
    meaning: 'How long people can look back on the activity of their account (1 to 180); places go after 30 days',
  },
  { name: 'LATCHKEY_PASSKEY_DOMAIN', fallback: 'host of the issuer', meaning: 'Name that passkeys are made for' },
  {
    name: 'LATCHKEY_RELATED_ORIGINS',
    fallback: 'none',
    meaning: 'Other addresses, such as https://example.de, whose pages may use the same passkeys',
  },
  {
    name: 'LATCHKEY_EXAMPLES',
    fallback: 'on, on loopback only',
    meaning: 'Serve the examples at /examples (on or off)',
  },
];

/** Gives the value of each variable, by itself or by `NAME_FILE`, and tells of names that mean nothing. */
export function readVariables(env: NodeJS.ProcessEnv, { told }: Judge): (name: string) => string | undefined {
  const set = Object.keys(env).filter((name) => env[name]);
  // In small letters it is another variable, and no less one of ours that was forgotten; but for Windows, which reads both as one.
  const isOurs = (name: string): boolean =>
    name.startsWith('LATCHKEY_') || (/^latchkey_/i.test(name) && env[name.toUpperCase()] === undefined);
  for (const name of set.filter(isOurs)) told(() => checkName(name, env[name] ?? ''), undefined);
  const values = new Map(variables.map(({ name }) => [name, told(() => readVariable(env, name), undefined)]));
  return (name) => values.get(name);
}

function readVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const direct = env[name];
  const path = env[`${name}_FILE`];
  if (direct && path) throw new ConfigError(`${name} and ${name}_FILE are both set: one of them must go.`);
  if (direct || !path) return direct || undefined;
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (text) return text;
  } catch (cause) {
    throw new ConfigError(`${name}_FILE names ${path}, which cannot be read.`, { cause });
  }
  throw new ConfigError(`${name}_FILE names ${path}, which is empty.`);
}

/** A misspelt issuer would be none, and a server for the internet would start as one for a developer. */
function checkName(name: string, value: string): void {
  const bare = name.replace(/_FILE$/, '');
  if (variables.some((variable) => variable.name === bare) || isServiceLink(name, value)) return;
  const capital = name.toUpperCase().replace(/_FILE$/, '');
  const [nearest] = variables
    .map((variable) => ({ variable, distance: distanceOf(withoutPrefix(variable.name), withoutPrefix(capital)) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance);
  throw new ConfigError(`${name} is no setting${nearest ? `: ${nearest.variable.name} is meant?` : '.'}`);
}

const withoutPrefix = (name: string): string => name.replace(/^LATCHKEY_/, '');

/** What Kubernetes puts into every container beside a service called latchkey, or latchkey-something. */
function isServiceLink(name: string, value: string): boolean {
  if (/_PORT$/.test(name) && !/_(SERVICE|TCP|UDP|SCTP)_PORT$/.test(name)) return /^(tcp|udp|sctp):\/\//.test(value);
  return /_SERVICE_(HOST|PORT|PORT_[A-Z0-9_]{1,40})$|_PORT_\d{1,5}_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name);
}

/** How many letters to add, leave out or change (Levenshtein) to make one word of the other. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...one].entries()) {
    const above = row;
    row = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const changed = (above[column] ?? 0) + Number(letter !== wanted);
      row.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
  }
  return row[other.length] ?? 0;
}
