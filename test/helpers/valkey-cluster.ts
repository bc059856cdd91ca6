import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Server } from './servers.ts';
import { startValkey } from './valkey-server.ts';

/** Three masters, each with a third of the 16,384 slots. */
export async function startValkeyCluster(): Promise<Server[]> {
  const options = ['--cluster-enabled', 'yes', '--databases', '1'];
  const nodes = await Promise.all([0, 1, 2].map(() => startValkey({ options })));
  const clients = nodes.map((node) => new Redis(node.url, { enableReadyCheck: false }));
  for (const [n, client] of clients.entries()) {
    const [first, last] = [Math.floor((n * 16384) / 3), Math.floor(((n + 1) * 16384) / 3) - 1];
    await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', new URL(nodes[0]?.url ?? '').port);
  }
  for (const client of clients) {
    await until(async () => {
      const state = `${await client.call('CLUSTER', 'INFO')}`;
      return state.includes('cluster_state:ok') && state.includes('cluster_known_nodes:3');
    });
    client.disconnect();
  }
  return nodes;
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await wait(20);
}
