import { once } from 'node:events';
import { createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';

type Place = Pick<Config, 'host' | 'port'>;

/** Takes the port and gives it back. Rejects with a ConfigError if this machine does not give it. */
export async function tryToListen(place: Place): Promise<void> {
  const server = createServer();
  await told(place, async () => {
    server.listen(place);
    await once(server, 'listening');
  });
  server.close();
  await once(server, 'close');
}

/** The same, for good. */
export async function listen(server: FastifyInstance, { host, port }: Place): Promise<void> {
  await told({ host, port }, () => server.listen({ host, port }));
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there. Is it running already? Set PORT to another one',
  EACCES: 'this user may not listen there. Set PORT to 1024 or more',
  EADDRNOTAVAIL: 'this machine has no such address. Set LATCHKEY_HOST to one of its own, or 0.0.0.0 for all',
  ENOTFOUND: 'that name has no address. Set LATCHKEY_HOST to an address of this machine',
  EAI_AGAIN: 'that name has no address now. Set LATCHKEY_HOST to an address of this machine',
  EAFNOSUPPORT: 'this machine has no such kind of address. Set LATCHKEY_HOST to one of its own',
};

async function told({ host, port }: Place, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    const reason = reasons[(cause as NodeJS.ErrnoException).code ?? ''];
    if (!reason) throw cause;
    throw new ConfigError(`Cannot listen on port ${port} of ${host}: ${reason}.`, { cause });
  }
}
