import assert from 'node:assert/strict';
import { after, afterEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { emptyValkeyUrl } from '../../../test/helpers/ephemerals.ts';
import {
  type Carried,
  type ForgetfulNetwork,
  listens,
  startForgetfulNetwork,
} from '../../../test/helpers/forgetful-network.ts';
import { startValkeyCluster, type ValkeyCluster } from '../../../test/helpers/valkey-cluster.ts';
import type { Ephemeral } from './ephemeral.ts';
import { openValkey } from './valkey.ts';

/** As long as a person may have to wait at all. */
const patience = 5000;

const asks = (connection: Carried): boolean => !listens(connection);

/** What a store must do whatever lies between it and its server; the same for one server and for a cluster. */
function survivesForgetting(open: () => Promise<{ store: Ephemeral; other: Ephemeral; networks: ForgetfulNetwork[] }>) {
  it('fault E3: connections that the network has forgotten are given up, by whoever asks and before anybody asks', async (t) => {
    const { store, networks } = await open();
    for (let n = 0; n < 30; n++) await store.set(`key ${n}`, 'value', 60_000);
    for (const network of networks) network.forget(asks);
    const since = performance.now();
    await until(async () => {
      const answers = Array.from({ length: 30 }, (_, n) => store.get(`key ${n}`).catch(() => undefined));
      return (await Promise.all(answers)).every((value) => value === 'value');
    });
    const took = performance.now() - since;
    t.diagnostic(`asked again with success after ${Math.round(took)} ms`);
    assert.ok(took < patience, `${Math.round(took)} ms`);
  });

  it('fault E4: a listener that the network has forgotten is found deaf, says so, and hears again', async (t) => {
    const { store, other, networks } = await open();
    const heard = new Set<string>();
    let missed = 0;
    await store.subscribe(
      'news',
      (message) => heard.add(message),
      () => (missed += 1),
    );
    await until(async () => {
      await other.publish('news', 'before');
      return heard.has('before');
    });
    missed = 0;
    for (const network of networks) network.forget(listens);
    const since = performance.now();
    let deaf = false;
    const messages = Array.from({ length: 20 }, (_, n) => `message ${n}`);
    await until(async () => {
      deaf ||= await store.ping().then(
        () => false,
        () => true,
      );
      for (const message of messages) if (!heard.has(message)) await other.publish('news', message);
      return messages.every((message) => heard.has(message)) && missed > 0;
    });
    const took = performance.now() - since;
    t.diagnostic(`heard again after ${Math.round(took)} ms`);
    assert.ok(took < patience + 1000, `${Math.round(took)} ms`);
    assert.ok(deaf, 'whoever asks is told that it is deaf');
    await until(() => answers(store));
  });

  it('fault E4: a listener whose new subscriptions are lost as well stays deaf until they are not, and ends nobody', async () => {
    const { store, other, networks } = await open();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const heard = new Set<string>();
    let missed = 0;
    await store.subscribe(
      'news',
      (message) => heard.add(message),
      () => (missed += 1),
    );
    for (const network of networks) {
      network.forget(listens);
      network.deafen();
    }
    // The second time nothing is left open of the first.
    await until(async () => networks.some(({ deafened }) => deafened >= 2));
    assert.equal(await answers(store), false, 'it does not hear, and says so');
    missed = 0;
    for (const network of networks) network.heal();
    await until(async () => {
      await other.publish('news', 'after');
      return heard.has('after') && missed > 0;
    });
    await until(() => answers(store));
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });
}

const answers = (store: Ephemeral): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );

describe('a server behind a forgetful network', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));
  const open = async () => {
    const url = await emptyValkeyUrl();
    const network = await startForgetfulNetwork(Number(new URL(url).port));
    const [store, other] = [await openValkey(network.through(url)), await openValkey(url)];
    opened.push(store, other, network);
    return { store, other, networks: [network] };
  };
  survivesForgetting(open);

  it('fault E3: while nothing at all is answered each is told within a moment, and later ones at once', async () => {
    const { store, networks } = await open();
    networks[0]?.silence();
    const times: number[] = [];
    for (let n = 0; n < 5; n++) {
      const since = performance.now();
      await assert.rejects(store.increment('count', 60_000));
      times.push(performance.now() - since);
    }
    assert.ok(Math.max(...times) < 3000, times.map(Math.round).join());
    await pause(600);
    const since = performance.now();
    await assert.rejects(store.increment('count', 60_000));
    assert.ok(performance.now() - since < 400, 'what is known to be away is not waited for');
    networks[0]?.heal();
    await until(() =>
      store.increment('count', 60_000).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('a cluster behind a forgetful network', () => {
  let cluster: ValkeyCluster | undefined;
  const opened: { close(): Promise<void> }[] = [];
  after(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await cluster?.stop();
  });
  survivesForgetting(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await cluster?.stop();
    cluster = await startValkeyCluster();
    const networks: ForgetfulNetwork[] = [];
    for (const node of cluster.nodes) {
      const network = await startForgetfulNetwork(Number(new URL(node.url).port));
      networks.push(network);
      const admin = new Redis(node.url);
      // Clients are told of this port and of no other.
      await admin.call('CONFIG', 'SET', 'cluster-announce-port', String(network.port));
      admin.disconnect();
    }
    const first = cluster.nodes[0]?.url ?? '';
    const admin = new Redis(first);
    await until(async () => {
      const plan = JSON.stringify(await admin.call('CLUSTER', 'SLOTS'));
      return networks.every(({ port }) => plan.includes(String(port)));
    });
    admin.disconnect();
    const url = networks.map((network) => network.through(first)).join(',');
    const [store, other] = [await openValkey(url), await openValkey(url)];
    opened.push(store, other, ...networks);
    // The second goes by the same ways: only what the first has opened may be forgotten.
    return { store, other, networks };
  });
});

async function until(reached: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 4 * patience;
  while (!(await reached())) {
    assert.ok(performance.now() < end, 'It never came.');
    await pause(20);
  }
}
