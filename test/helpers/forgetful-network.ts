import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A way to a server that can lose its memory, as address translation and firewalls do: what is sent on a connection it has
 * forgotten arrives nowhere, and nobody is told. No end, no reset.
 */
export type ForgetfulNetwork = {
  port: number;
  /** The same address by this way. */
  through(url: string): string;
  /** Forgets the connections there are (those that say yes); new ones work. */
  forget(which?: (connection: Carried) => boolean): void;
  /** From now on forgets each connection the moment it begins to listen, so that its subscription arrives nowhere. */
  deafen(): void;
  /** Forgets what there is, and takes new connections without ever answering. */
  silence(): void;
  /** From now on new connections work. */
  heal(): void;
  readonly open: number;
  /** Connections forgotten in the moment they began to listen. */
  readonly deafened: number;
  close(): Promise<void>;
};

/** What has been said on a connection, to tell one that listens from one that asks. */
export type Carried = { readonly asked: string };

/** Whether it is one on which messages are waited for. */
export const listens = ({ asked }: Carried): boolean => /\bs?subscribe\b/i.test(asked);

type Pair = { near: Socket; far: Socket; forgotten: boolean; asked: string };

export async function startForgetfulNetwork(port: number, host = '127.0.0.1'): Promise<ForgetfulNetwork> {
  const pairs = new Set<Pair>();
  let silent = false;
  let deafening = false;
  let deafened = 0;

  const carry = (pair: Pair, from: Socket, to: Socket): void => {
    from.on('data', (chunk) => {
      if (from === pair.near && pair.asked.length < 100_000) pair.asked += chunk.toString('latin1');
      if (deafening && !pair.forgotten && listens(pair)) {
        pair.forgotten = true;
        deafened += 1;
      }
      if (!pair.forgotten) to.write(chunk);
    });
    from.on('error', () => {});
    from.on('close', () => {
      // Of a forgotten connection the other side hears nothing, not even its end.
      if (!pair.forgotten) to.destroy();
      if (from === pair.near) pairs.delete(pair);
    });
  };

  const server = createServer((near) => {
    const pair = { near, far: connect(port, host), forgotten: silent, asked: '' };
    pairs.add(pair);
    near.setNoDelay(true);
    pair.far.setNoDelay(true);
    carry(pair, near, pair.far);
    carry(pair, pair.far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('No port.');

  return {
    port: address.port,
    through(url) {
      const moved = new URL(url);
      moved.host = `127.0.0.1:${address.port}`;
      return moved.href;
    },
    forget(which = () => true) {
      for (const pair of pairs) if (which(pair)) pair.forgotten = true;
    },
    deafen() {
      deafening = true;
    },
    silence() {
      silent = true;
      for (const pair of pairs) pair.forgotten = true;
    },
    heal() {
      silent = false;
      deafening = false;
    },
    get open() {
      return pairs.size;
    },
    get deafened() {
      return deafened;
    },
    async close() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
