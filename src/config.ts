import { createJudge } from './config-error.ts';
import {
  hostOf,
  portOf,
  readActivityDays,
  readCountries,
  readCountryHeader,
  readDatabaseUrl,
  readDrainTime,
  readHost,
  readIssuer,
  readMailFrom,
  readMetricsToken,
  readName,
  readPort,
  readProxies,
  readSmsPerDay,
  readSmsUrl,
  readSmtpUrl,
  readSwitch,
  readTracesUrl,
} from './config-values.ts';
import { readDataFolder, readPreviousSecrets, readSecret } from './data-folder.ts';
import { readPasskeyDomain, readRelatedOrigins } from './passkey-domain.ts';
import { readVariables } from './settings.ts';
import { readAddresses } from './valkey-address.ts';

/** Everything the outside may decide, read once from the environment. */
export type Config = Readonly<{
  port: number;
  host: string;
  /** Without a trailing slash, such as `https://id.example.org`. */
  issuer: string;
  /** True on loopback over http: the only place where secrets are made up and mail may go to files. */
  development: boolean;
  /** What people know the installation by: in authenticator apps, in the browser's list of passkeys, as sender of mails. */
  name: string;
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
  /** A mailbox of RFC 5322 §3.4, such as `Latchkey <no-reply@example.org>`. */
  mailFrom: string;
  /** Absent with an https issuer: nobody can be sent a text. */
  smsUrl: string | undefined;
  smsFrom: string | undefined;
  /** ISO 3166-1 alpha-2 codes of the countries whose numbers may be sent a text (E24). */
  smsCountries: readonly string[] | 'all';
  smsPerDay: number;
  /** What passkeys are made for, and who else may use them: see PasskeyDomain. Undefined: no browser makes any here. */
  passkeyDomain: string | undefined;
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

/** What is read on with where the issuer itself cannot work: nothing is told because of it that would not be otherwise. */
const someIssuer = new URL('https://issuer.invalid');

/**
 * Reads the environment; a variable `X` may also be given as `X_FILE`, the path of a file that holds its value.
 * Throws one ConfigError with everything that cannot work. Creates the data folder and, on loopback, the secret in it,
 * but only if all the rest is in order.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const judge = createJudge();
  const { told } = judge;
  const value = readVariables(env, judge);
  /** One variable by its reader, or what holds without it. */
  const read = <T, F>(name: string, reader: (text: string) => T, fallback: F): T | F => {
    const text = value(name);
    return text === undefined ? fallback : told<T | F>(() => reader(text), fallback);
  };

  const port = read('PORT', readPort, undefined);
  const issuer = read('LATCHKEY_ISSUER', readIssuer, undefined);
  const issuerFails = issuer === undefined && value('LATCHKEY_ISSUER') !== undefined;
  const address = issuer ?? (issuerFails ? someIssuer : new URL(`http://localhost:${port ?? 3000}`));
  const development = address.protocol === 'http:';
  const isSet = (name: string): boolean => value(name) !== undefined;
  const production = !development && !issuerFails;
  if (production && !isSet('LATCHKEY_SECRET'))
    judge.tell('Set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE: `openssl rand -base64 32` makes one.');
  if (production && !isSet('LATCHKEY_SMTP_URL'))
    judge.tell('Set LATCHKEY_SMTP_URL: outside loopback, mail must reach people.');
  if (isSet('LATCHKEY_COUNTRY_HEADER') && !isSet('LATCHKEY_TRUSTED_PROXIES'))
    judge.tell('LATCHKEY_COUNTRY_HEADER needs LATCHKEY_TRUSTED_PROXIES: anyone could send that header otherwise.');
  if (isSet('LATCHKEY_SMS_URL') && !isSet('LATCHKEY_SMS_FROM'))
    judge.tell('LATCHKEY_SMS_URL needs LATCHKEY_SMS_FROM: what texts come from.');
  if (isSet('LATCHKEY_SMS_URL') && !isSet('LATCHKEY_SMS_COUNTRIES'))
    judge.tell(
      'LATCHKEY_SMS_URL needs LATCHKEY_SMS_COUNTRIES, such as DE,AT,CH: fraud asks for texts to the dearest ones.',
    );

  const name = read('LATCHKEY_NAME', readName, 'Latchkey');
  const passkeyDomain = told(() => readPasskeyDomain(value('LATCHKEY_PASSKEY_DOMAIN'), address), address.hostname);

  const settings = {
    // A first start on http://localhost:4312 should be reached there without a second setting.
    port: port ?? (development ? portOf(address) : 3000),
    host: read('LATCHKEY_HOST', readHost, development ? hostOf(address) : '0.0.0.0'),
    issuer: address.origin,
    development,
    name,
    databaseUrl: read('LATCHKEY_DATABASE_URL', readDatabaseUrl, undefined),
    valkeyUrl: read('LATCHKEY_VALKEY_URL', (text) => readAddresses(text) && text, undefined),
    previousSecrets: read('LATCHKEY_PREVIOUS_SECRETS', readPreviousSecrets, []),
    requireSecondStep: read('LATCHKEY_REQUIRE_SECOND_STEP', readSwitch('LATCHKEY_REQUIRE_SECOND_STEP'), false),
    smtpUrl: read('LATCHKEY_SMTP_URL', readSmtpUrl, undefined),
    mailFrom: read('LATCHKEY_MAIL_FROM', readMailFrom, `${name} <no-reply@${address.hostname}>`),
    smsUrl: read('LATCHKEY_SMS_URL', readSmsUrl, undefined),
    smsFrom: value('LATCHKEY_SMS_FROM'),
    smsCountries: read('LATCHKEY_SMS_COUNTRIES', readCountries, 'all' as const),
    smsPerDay: read('LATCHKEY_SMS_PER_DAY', readSmsPerDay, 500),
    passkeyDomain,
    relatedOrigins: told(() => readRelatedOrigins(value('LATCHKEY_RELATED_ORIGINS'), address, passkeyDomain), []),
    trustedProxies: read('LATCHKEY_TRUSTED_PROXIES', readProxies, []),
    countryHeader: read('LATCHKEY_COUNTRY_HEADER', readCountryHeader, undefined),
    metricsToken: read('LATCHKEY_METRICS_TOKEN', readMetricsToken, undefined),
    drainTime: read('LATCHKEY_DRAIN_SECONDS', readDrainTime, development ? 0 : 2000),
    activityDays: read('LATCHKEY_ACTIVITY_DAYS', readActivityDays, 30),
    tracesUrl: read('LATCHKEY_TRACES_URL', readTracesUrl, undefined),
    examples: read('LATCHKEY_EXAMPLES', readSwitch('LATCHKEY_EXAMPLES'), development),
  };
  const secret = read('LATCHKEY_SECRET', readSecret('LATCHKEY_SECRET'), undefined);
  const folder = readDataFolder(value('LATCHKEY_DATA') ?? './data', judge);
  judge.conclude();
  return Object.freeze({ ...settings, data: folder.create(), secret: secret ?? folder.secret() });
}
