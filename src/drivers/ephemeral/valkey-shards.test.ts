import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { freePort } from '../../../test/helpers/servers.ts';
import { shardWire } from './valkey-shards.ts';

/** Longer than anybody may have to wait. */
const patience = 5000;

it('fault E4: whoever would listen at a node that is not there, and then leaves the cluster, is told in time', async () => {
  const [port, next] = [await freePort(), await freePort()];
  const cluster = new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true });
  const planOf = (owner: number): string[][] => Array.from({ length: 16_384 }, () => [`127.0.0.1:${owner}`]);
  cluster.slots = planOf(port);
  const nodes: Redis[] = [];
  const wire = shardWire(cluster, (host, at) => {
    const node = new Redis({ host, port: at, enableOfflineQueue: false, retryStrategy: () => 60_000 });
    nodes.push(node);
    return node;
  });
  const names = ['news:{1}'];
  // Refused: from now on the connection waits to be made again.
  await assert.rejects(wire.listen(names));
  assert.equal(nodes[0]?.status, 'reconnecting');
  const told = wire.listen(names).then(
    () => 'listens',
    () => 'told',
  );
  cluster.slots = planOf(next);
  cluster.emit('refresh');
  assert.equal(await Promise.race([told, pause(patience, 'nobody says anything')]), 'told');
  wire.close();
});
