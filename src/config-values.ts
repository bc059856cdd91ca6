import { isIP } from 'node:net';
import addressparser from 'nodemailer/lib/addressparser/index.js';
import { ConfigError } from './config-error.ts';
import { createTrust } from './limits/address.ts';

/*
 * Readers of single settings: text in, value out, or a ConfigError that says what to set. An address with a password is
 * never repeated in a message.
 */

export function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new ConfigError(`PORT must be a port number, not "${text}".`);
  return port;
}

/** An address of this machine, or a name of it. */
export function readHost(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (!isIP(bare.replace(/%\w+$/, '')) && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(bare))
    throw new ConfigError(`LATCHKEY_HOST must be an address or a name of this machine, not "${text}".`);
  return bare;
}

export function readIssuer(text: string): URL {
  const url = URL.parse(text);
  if (!url?.hostname)
    throw new ConfigError(`LATCHKEY_ISSUER must be an address such as https://id.example.org, not "${text}".`);
  if (url.username || url.password) throw new ConfigError('LATCHKEY_ISSUER must have no user or password.');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new ConfigError(`LATCHKEY_ISSUER must be https outside loopback, not "${text}".`);
  if (url.pathname !== '/' || url.search || url.hash)
    throw new ConfigError('LATCHKEY_ISSUER must have no path, query or fragment.');
  return url;
}

/** What to listen on to be reached at an address of this machine. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
export const portOf = ({ port }: URL): number => Number(port || 80);

const isLoopback = (hostname: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** Shown in authenticator apps and as the sender of mails: plain words, and no mark that these read as their own. */
export function readName(text: string): string {
  const name = text.normalize('NFC').trim();
  if (name.length > 40 || !/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'’&+–-]*$/u.test(name))
    throw new ConfigError(
      'LATCHKEY_NAME must be a name of 40 characters at most, such as Example TV: no colon, no quotes.',
    );
  return name;
}

export function readDatabaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new ConfigError(
      'LATCHKEY_DATABASE_URL must look like postgres://user:password@host:5432/name, with signs in the password ' +
        'percent-encoded (leave it out for the embedded database).',
    );
  return text;
}

/** `mail.example.org:587` is an address, too, of the scheme "mail.example.org": it went to the host 0.0.2.75. */
export function readSmtpUrl(text: string): string {
  const url = URL.parse(text);
  if (!url?.hostname || !/^smtps?:$/.test(url.protocol))
    throw new ConfigError(
      'LATCHKEY_SMTP_URL must look like smtp://user:password@mail.example.org:587 or smtps://…:465, with signs in the ' +
        'password percent-encoded.',
    );
  return text;
}

/** RFC 5322 §3.4: one mailbox, with or without a name. The library leaves out a sender that is none. */
export function readMailFrom(text: string): string {
  const [mailbox, ...others] = addressparser(text);
  const address = mailbox && 'address' in mailbox ? (mailbox.address ?? '') : '';
  if (others.length > 0 || !/^[^\s@<>()",;:\\]+@[^\s@<>()",;:\\]+$/.test(address))
    throw new ConfigError(
      `LATCHKEY_MAIL_FROM must be one mail address, such as Example <no-reply@example.org>, not "${text}".`,
    );
  return text;
}

export function readSmsUrl(text: string): string {
  // The address holds the token, so no message may repeat it.
  const url = URL.parse(text);
  if (!url?.username || !url.password || !isDecodable(url))
    throw new ConfigError(
      'LATCHKEY_SMS_URL must look like https://account:token@api.example.com, with signs in the token percent-encoded.',
    );
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new ConfigError('LATCHKEY_SMS_URL must be https outside loopback.');
  return text;
}

/** A percent sign that encodes nothing, as in the password `100%`, stops whatever decodes it. */
export function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

export function readCountries(text: string): readonly string[] | 'all' {
  if (text.trim().toLowerCase() === 'all') return 'all';
  const codes = text.split(',').map((code) => code.trim().toUpperCase());
  if (codes.some((code) => !/^[A-Z]{2}$/.test(code)))
    throw new ConfigError('LATCHKEY_SMS_COUNTRIES must be codes of two letters, such as DE,AT,CH, or all.');
  return codes;
}

export const readSmsPerDay = whole('LATCHKEY_SMS_PER_DAY', 0, 1_000_000);
export const readActivityDays = whole('LATCHKEY_ACTIVITY_DAYS', 1, 180);

function whole(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
    return number;
  };
}

/** Milliseconds. */
export function readDrainTime(text: string): number {
  const seconds = Number(text);
  // SIGTERM is obeyed within five seconds, and requests in flight need the rest of them.
  if (!(seconds >= 0 && seconds <= 3)) throw new ConfigError('LATCHKEY_DRAIN_SECONDS must be a number from 0 to 3.');
  return seconds * 1000;
}

export function readTracesUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new ConfigError('LATCHKEY_TRACES_URL must be an http or https address.');
  return text;
}

/** A word that is neither must not pass for "off": the operator meant something. */
export const readSwitch =
  (name: string) =>
  (text: string): boolean => {
    if (text !== 'on' && text !== 'off') throw new ConfigError(`${name} must be on or off, not "${text}".`);
    return text === 'on';
  };

/** Judged by what reads them when a request comes: what that refuses would only fail then. */
export function readProxies(text: string): string[] {
  const proxies = text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  const wrong = proxies.filter((proxy) => !isRange(proxy));
  if (wrong.length > 0)
    throw new ConfigError(
      `LATCHKEY_TRUSTED_PROXIES must be addresses or ranges, such as 10.0.0.5,172.16.0.0/12, not "${wrong.join(', ')}".`,
    );
  return proxies;
}

function isRange(text: string): boolean {
  try {
    createTrust([text]);
    return true;
  } catch {
    return false;
  }
}

/** RFC 9110 §5.6.2. */
export function readCountryHeader(text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text))
    throw new ConfigError(`LATCHKEY_COUNTRY_HEADER must be the name of a header, such as cf-ipcountry, not "${text}".`);
  return text;
}

/** RFC 6750 §2.1: what can follow "Bearer" in a header. */
export function readMetricsToken(text: string): string {
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text))
    throw new ConfigError('LATCHKEY_METRICS_TOKEN must be letters, digits and -._~+/ only: it travels in a header.');
  return text;
}
