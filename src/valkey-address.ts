import { ConfigError } from './config-error.ts';
import { isDecodable } from './config-values.ts';

export type Address = {
  host: string;
  port: number;
  db: number;
  options: { username?: string; password?: string; tls?: object };
};

/** Addresses of one server or, separated by commas, of nodes of a cluster. Throws ConfigError; repeats no password. */
export function readAddresses(text: string): Address[] {
  return text.split(',').map(readAddress);
}

function readAddress(text: string): Address {
  const url = URL.parse(text.trim());
  const scheme = url?.protocol.replace(/^valkey/, 'redis');
  if (!url?.hostname || (scheme !== 'redis:' && scheme !== 'rediss:')) {
    throw new ConfigError(
      'LATCHKEY_VALKEY_URL must start with redis:// or rediss:// (valkey:// and valkeys:// are the same).',
    );
  }
  if (!isDecodable(url)) throw new ConfigError('LATCHKEY_VALKEY_URL must have signs in the password percent-encoded.');
  const db = url.pathname.slice(1) || '0';
  if (!/^\d{1,5}$/.test(db)) throw new ConfigError('LATCHKEY_VALKEY_URL may end in the number of a database only.');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    db: Number(db),
    options: {
      ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
      ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
      ...(scheme === 'rediss:' ? { tls: {} } : {}),
    },
  };
}
