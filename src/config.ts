import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readPasskeyDomain } from './passkey-domain.ts';

/** Everything the outside may decide, read once from the environment. */
export type Config = Readonly<{
  port: number;
  host: string;
  /** Without a trailing slash, such as `https://id.example.org`. */
  issuer: string;
  /** True on loopback over http: the only place where secrets are made up and mail may go to files. */
  development: boolean;
  /** Absolute path of the data folder. */
  data: string;
  databaseUrl: string | undefined;
  valkeyUrl: string | undefined;
  /** At least 32 bytes; everything else is derived from it. */
  secret: Buffer;
  /** Secrets of before and, while it is being changed, of next: what is sealed with them opens, too. */
  previousSecrets: readonly Buffer[];
  /** Whether nobody signs in with a password alone. */
  requireSecondStep: boolean;
  smtpUrl: string | undefined;
  mailFrom: string;
  /** Absent with an https issuer: nobody can be sent a text. */
  smsUrl: string | undefined;
  smsFrom: string | undefined;
  /** ISO 3166-1 alpha-2 codes of the countries whose numbers may be sent a text (E24). */
  smsCountries: readonly string[] | 'all';
  smsPerDay: number;
  /** What passkeys are made for, and who else may use them: see PasskeyDomain. */
  passkeyDomain: string;
  relatedOrigins: readonly string[];
  trustedProxies: readonly string[];
  countryHeader: string | undefined;
  metricsToken: string | undefined;
  /** Where traces go, by OTLP over HTTP. */
  tracesUrl: string | undefined;
  examples: boolean;
  /** How long people can look back on the activity of their account. */
  activityDays: number;
  /** Milliseconds between "not ready" and the end of listening. */
  drainTime: number;
}>;

/** A configuration that cannot work; the message says what to set. */
export class ConfigError extends Error {}

/**
 * Reads the environment; a variable `X` may also be given as `X_FILE`, the path of a file that holds its value.
 * Creates the data folder and, on loopback, the secret in it.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const value = (name: string): string | undefined => readVariable(env, name);
  const port = Number(value('PORT') ?? 3000);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new ConfigError(`PORT must be a port number, not "${value('PORT')}".`);

  const issuer = readIssuer(value('LATCHKEY_ISSUER') ?? `http://localhost:${port}`);
  const development = issuer.protocol === 'http:';
  const data = resolve(value('LATCHKEY_DATA') ?? './data');
  mkdirSync(data, { recursive: true, mode: 0o700 });

  const smtpUrl = value('LATCHKEY_SMTP_URL');
  if (!development && !smtpUrl)
    throw new ConfigError('Set LATCHKEY_SMTP_URL: outside loopback, mail must reach people.');

  const trustedProxies = (value('LATCHKEY_TRUSTED_PROXIES') ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter(Boolean);
  const countryHeader = value('LATCHKEY_COUNTRY_HEADER');
  if (countryHeader && trustedProxies.length === 0) {
    throw new ConfigError(
      'LATCHKEY_COUNTRY_HEADER needs LATCHKEY_TRUSTED_PROXIES: anyone could send that header otherwise.',
    );
  }

  return Object.freeze({
    port,
    host: value('LATCHKEY_HOST') ?? (development ? 'localhost' : '0.0.0.0'),
    issuer: issuer.origin,
    development,
    data,
    databaseUrl: value('LATCHKEY_DATABASE_URL'),
    valkeyUrl: value('LATCHKEY_VALKEY_URL'),
    secret: readSecret(value('LATCHKEY_SECRET'), development, data),
    previousSecrets: readPreviousSecrets(value('LATCHKEY_PREVIOUS_SECRETS') ?? ''),
    requireSecondStep: readSwitch('LATCHKEY_REQUIRE_SECOND_STEP', value('LATCHKEY_REQUIRE_SECOND_STEP') ?? 'off'),
    smtpUrl,
    mailFrom: value('LATCHKEY_MAIL_FROM') ?? `Latchkey <no-reply@${issuer.hostname}>`,
    ...readSms(value),
    ...readPasskeyDomain(value, issuer, (problem) => {
      throw new ConfigError(problem);
    }),
    trustedProxies,
    countryHeader,
    metricsToken: value('LATCHKEY_METRICS_TOKEN'),
    drainTime: readDrainTime(value('LATCHKEY_DRAIN_SECONDS') ?? (development ? '0' : '2')),
    activityDays: readActivityDays(value('LATCHKEY_ACTIVITY_DAYS') ?? '30'),
    tracesUrl: readTracesUrl(value('LATCHKEY_TRACES_URL')),
    examples: (value('LATCHKEY_EXAMPLES') ?? (development ? 'on' : 'off')) === 'on',
  });
}

function readVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const direct = env[name];
  if (direct) return direct;
  const path = env[`${name}_FILE`];
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (cause) {
    throw new ConfigError(`${name}_FILE names ${path}, which cannot be read.`, { cause });
  }
}

function readIssuer(text: string): URL {
  if (!URL.canParse(text))
    throw new ConfigError(`LATCHKEY_ISSUER must be an address such as https://id.example.org, not "${text}".`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new ConfigError(`LATCHKEY_ISSUER must be https outside loopback, not "${text}".`);
  }
  if (url.pathname !== '/' || url.search || url.hash)
    throw new ConfigError('LATCHKEY_ISSUER must have no path, query or fragment.');
  return url;
}

function readSms(
  value: (name: string) => string | undefined,
): Pick<Config, 'smsUrl' | 'smsFrom' | 'smsCountries' | 'smsPerDay'> {
  const smsUrl = value('LATCHKEY_SMS_URL');
  const smsFrom = value('LATCHKEY_SMS_FROM');
  const countries = value('LATCHKEY_SMS_COUNTRIES');
  if (smsUrl) {
    // The address holds the token, so no message may repeat it.
    if (!URL.canParse(smsUrl) || !new URL(smsUrl).username || !new URL(smsUrl).password)
      throw new ConfigError('LATCHKEY_SMS_URL must look like https://account:token@api.example.com.');
    const { protocol, hostname } = new URL(smsUrl);
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname)))
      throw new ConfigError('LATCHKEY_SMS_URL must be https outside loopback.');
    if (!smsFrom) throw new ConfigError('LATCHKEY_SMS_URL needs LATCHKEY_SMS_FROM: what texts come from.');
    if (!countries)
      throw new ConfigError(
        'LATCHKEY_SMS_URL needs LATCHKEY_SMS_COUNTRIES, such as DE,AT,CH: fraud asks for texts to the dearest ones.',
      );
  }
  const smsPerDay = Number(value('LATCHKEY_SMS_PER_DAY') ?? 500);
  if (!Number.isInteger(smsPerDay) || smsPerDay < 0)
    throw new ConfigError('LATCHKEY_SMS_PER_DAY must be a whole number.');
  return { smsUrl, smsFrom, smsCountries: readCountries(countries ?? 'all'), smsPerDay };
}

function readCountries(text: string): readonly string[] | 'all' {
  if (text.trim().toLowerCase() === 'all') return 'all';
  const codes = text.split(',').map((code) => code.trim().toUpperCase());
  if (codes.some((code) => !/^[A-Z]{2}$/.test(code)))
    throw new ConfigError('LATCHKEY_SMS_COUNTRIES must be codes of two letters, such as DE,AT,CH, or all.');
  return codes;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

function readDrainTime(text: string): number {
  const seconds = Number(text);
  // SIGTERM is obeyed within five seconds, and requests in flight need the rest of them.
  if (!(seconds >= 0 && seconds <= 3)) throw new ConfigError('LATCHKEY_DRAIN_SECONDS must be a number from 0 to 3.');
  return seconds * 1000;
}

function readActivityDays(text: string): number {
  const days = Number(text);
  if (!(Number.isInteger(days) && days >= 1 && days <= 180))
    throw new ConfigError('LATCHKEY_ACTIVITY_DAYS must be a whole number from 1 to 180.');
  return days;
}

function readTracesUrl(text: string | undefined): string | undefined {
  if (text !== undefined && !(URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)))
    throw new ConfigError('LATCHKEY_TRACES_URL must be an http or https address.');
  return text;
}

function readPreviousSecrets(text: string): Buffer[] {
  const given = text.split(/[\s,]+/).filter(Boolean);
  return given.map((one) => decodeSecret('Each of LATCHKEY_PREVIOUS_SECRETS', one));
}

function decodeSecret(name: string, text: string): Buffer {
  const secret = Buffer.from(text, 'base64');
  if (secret.length < 32)
    throw new ConfigError(`${name} must be 32 bytes or more in base64, such as \`openssl rand -base64 32\` prints.`);
  return secret;
}

/** A word that is neither must not pass for "off": the operator meant something. */
function readSwitch(name: string, text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new ConfigError(`${name} must be on or off, not "${text}".`);
  return text === 'on';
}

function readSecret(given: string | undefined, development: boolean, data: string): Buffer {
  if (given) return decodeSecret('LATCHKEY_SECRET', given);
  if (!development)
    throw new ConfigError('Set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE: `openssl rand -base64 32` makes one.');
  const path = join(data, 'secret');
  if (!existsSync(path)) {
    try {
      writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another process made it between the look and the write: its secret is the one.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
}
