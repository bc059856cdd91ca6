import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { slotOf } from '../../src/drivers/ephemeral/shard-channels.ts';
import type { Server } from './servers.ts';
import { startValkey } from './valkey-server.ts';

export type ClusterNode = Server & {
  /** After `stop`: the same node again, at the same address, with the slots it had. */
  start(): Promise<void>;
};

export type ValkeyCluster = {
  nodes: ClusterNode[];
  /** For LATCHKEY_VALKEY_URL. */
  url: string;
  /** Gives a slot to another node; resolves once all nodes know. */
  moveSlot(slot: number, to: ClusterNode): Promise<void>;
  ownerOf(key: string): Promise<ClusterNode>;
  /** A copy of a node; resolves once all nodes know it. The function makes it take over, whether its original lives or not. */
  addReplica(original: ClusterNode): Promise<() => Promise<void>>;
  stop(): Promise<void>;
};

/** Three masters, each with a third of the 16,384 slots. */
export async function startValkeyCluster(options: string[] = []): Promise<ValkeyCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cluster-'));
  const nodes = await Promise.all([0, 1, 2].map((n) => startNode(join(folder, `node-${n}.conf`), options)));
  const all = async <T>(work: (client: Redis, n: number) => Promise<T>): Promise<T[]> => {
    const clients = nodes.map((node) => new Redis(node.url, { enableReadyCheck: false }));
    try {
      return await Promise.all(clients.map(work));
    } finally {
      for (const client of clients) client.disconnect();
    }
  };
  await all(async (client, n) => {
    const [first, last] = [Math.floor((n * 16384) / 3), Math.floor(((n + 1) * 16384) / 3) - 1];
    await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', portOf(nodes[0]));
  });
  await all((client) =>
    until(async () => {
      const state = `${await client.call('CLUSTER', 'INFO')}`;
      return state.includes('cluster_state:ok') && state.includes('cluster_known_nodes:3');
    }),
  );

  /** The port of a slot's owner, as each node sees it. */
  const owners = (slot: number): Promise<number[]> =>
    all(async (client) => {
      const ranges = (await client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
      return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1] ?? 0;
    });

  return {
    nodes,
    url: nodes.map((node) => node.url).join(','),
    async moveSlot(slot, to) {
      const ids = await all(async (client) => `${await client.call('CLUSTER', 'MYID')}`);
      const id = ids[nodes.indexOf(to)] ?? '';
      // The new owner first: it must claim the slot by a newer epoch before the old one gives it up.
      const order = [to, ...nodes.filter((node) => node !== to)];
      for (const node of order) {
        const client = new Redis(node.url);
        await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
        if (node === to) await client.call('CLUSTER', 'BUMPEPOCH');
        client.disconnect();
      }
      await until(async () => (await owners(slot)).every((port) => port === portOf(to)));
    },
    async ownerOf(key) {
      const [port] = await owners(slotOf(key));
      const owner = nodes.find((node) => portOf(node) === port);
      if (!owner) throw new Error(`Nobody owns ${key}.`);
      return owner;
    },
    async addReplica(original) {
      const replica = await startNode(join(folder, `node-${nodes.length}.conf`), options);
      const client = new Redis(replica.url, { enableReadyCheck: false });
      const id = (await all(async (one) => `${await one.call('CLUSTER', 'MYID')}`))[nodes.indexOf(original)] ?? '';
      await client.call('CLUSTER', 'MEET', '127.0.0.1', portOf(original));
      await until(async () => `${await client.call('CLUSTER', 'NODES')}`.includes(id));
      await client.call('CLUSTER', 'REPLICATE', id);
      await until(async () => `${await client.info('replication')}`.includes('master_link_status:up'));
      nodes.push(replica);
      await all((one) =>
        until(async () => `${await one.call('CLUSTER', 'INFO')}`.includes(`cluster_known_nodes:${nodes.length}`)),
      );
      client.disconnect();
      return async () => {
        const taking = new Redis(replica.url);
        await taking.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
        await until(async () => `${await taking.call('ROLE')}`.startsWith('master'));
        taking.disconnect();
      };
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNode(configFile: string, more: string[]): Promise<ClusterNode> {
  const options = ['--cluster-enabled', 'yes', '--cluster-config-file', configFile, '--databases', '1', ...more];
  let server = await startValkey({ options });
  const { url } = server;
  return {
    url,
    stop: () => server.stop(),
    async start() {
      server = await startValkey({ port: Number(new URL(url).port), options });
    },
  };
}

const portOf = (node: Server | undefined): number => Number(new URL(node?.url ?? '').port);

async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await wait(20);
}
