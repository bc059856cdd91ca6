import { setTimeout as pause } from 'node:timers/promises';
import { poll, requestCode } from '../../test/helpers/device.ts';
import { reviewCode } from '../../test/helpers/link-journey.ts';
import type { Context } from '../bench-context.ts';
import { Latencies } from '../load/latencies.ts';
import { addPerson, type LatchkeyRunning, newPersonsBrowser } from '../targets/latchkey.ts';
import { clientId, type Running } from '../targets/target.ts';
import { latchkeySqlite, oidcMemory } from '../targets/targets.ts';
import { connections } from './throughput.ts';

/** How devices hear of the decision: by asking every five seconds, or by one request that is held until then. */
type Way = 'polling' | 'waiting';

const interval = 5000;
const heldFor = 25;

/**
 * W5: from the moment the person's browser sends "approve" to the moment the device holds its tokens, while other
 * devices poll with half of what saturates the server.
 */
export async function measureLatency(context: Context): Promise<void> {
  const { targets, approvals } = context.options;
  if (targets.includes(latchkeySqlite)) {
    const server = (await context.start(latchkeySqlite, {
      waiting: context.options.few,
      // People come from many networks, as far as the throttle of sign-ins can see.
      env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1' },
    })) as LatchkeyRunning;
    const people = await invite(server, 5);
    const approve = (userCode: string, turn: number) =>
      approveOnPages(server, people[turn % people.length] ?? '', turn, userCode);
    if (await canWait(server)) await measureWay(context, server, 'waiting', approvals, approve);
    else context.remark('latchkey does not apply `Prefer: wait` yet, so only polling was timed.');
    await measureWay(context, server, 'polling', Math.ceil(approvals / 2), approve);
    await server.stop();
  }
  if (targets.includes(oidcMemory)) {
    const server = await context.start(oidcMemory, { waiting: context.options.few });
    await measureWay(context, server, 'polling', Math.ceil(approvals / 2), async (userCode) => async () => {
      const sentAt = performance.now();
      await server.approve(userCode);
      return sentAt;
    });
    await server.stop();
  }
}

/** Everything up to the last press is prepared first; the function returned presses, and tells when. */
type Approve = (userCode: string, turn: number) => Promise<() => Promise<number>>;

async function measureWay(context: Context, server: Running, way: Way, count: number, approve: Approve): Promise<void> {
  const rate = (await pollRate(context, server)) / 2;
  const done = new AbortController();
  const background = keepPolling(context, server, rate, done.signal);
  const latencies = new Latencies();
  const devices: Promise<void>[] = [];
  for (let turn = 0; turn < count; turn++) {
    const from = { 'x-forwarded-for': homeOf(turn) };
    const asked = { scope: 'openid offline_access' };
    const code = await requestCode(`http://127.0.0.1:${server.port}`, clientId, asked, from);
    const press = await approve(code.user_code, turn);
    const tokens = untilTokens(server.port, code.device_code, way);
    // The held request must have reached the server; a polling device is somewhere between two polls.
    if (way === 'waiting') await pause(50);
    const sentAt = await press();
    const timed = tokens.then((hadAt) => latencies.add(hadAt - sentAt));
    if (way === 'waiting') await timed;
    else devices.push(timed);
  }
  await Promise.all(devices);
  done.abort();
  await background;
  const { mean, p50, p99, max } = latencies.summary();
  context.note({
    workload: 'latency',
    target: server.target.name,
    variant: way,
    repetition: 0,
    figures: { mean, p50, p99, max, count: latencies.count, pollsPerSecond: rate },
  });
  context.say(
    `latency ${server.target.name} by ${way}: mean ${mean.toFixed(1)}, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, ` +
      `max ${max.toFixed(1)} ms (${latencies.count} approvals beside ${Math.round(rate)} polls/s)`,
  );
}

/** Resolves with the time at which the tokens were there. */
async function untilTokens(port: number, deviceCode: string, way: Way): Promise<number> {
  const issuer = `http://127.0.0.1:${port}`;
  if (way === 'polling') await pause(Math.random() * interval);
  for (;;) {
    const headers = way === 'waiting' ? { prefer: `wait=${heldFor}` } : {};
    const { status, body } = await poll(issuer, clientId, deviceCode, headers);
    if (status === 200) return performance.now();
    if (body.error !== 'authorization_pending') throw new Error(`A waiting device was told ${status} ${body.error}.`);
    if (way === 'polling') await pause(interval);
  }
}

async function canWait({ port }: Running): Promise<boolean> {
  const issuer = `http://127.0.0.1:${port}`;
  const { device_code } = await requestCode(issuer, clientId);
  const { headers } = await poll(issuer, clientId, device_code, { prefer: 'wait=1' });
  return headers.has('preference-applied');
}

async function invite({ env }: LatchkeyRunning, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, i) => `person${i}@example.org`);
  for (const email of emails) await addPerson(env, email);
  return emails;
}

/** Where the device and the person of a turn are. */
const homeOf = (turn: number): string => `10.${turn >> 8}.${turn & 255}.1`;

/** A fresh sign-in proves the person beside the device, so that the press itself needs no password. */
async function approveOnPages(server: LatchkeyRunning, email: string, turn: number, userCode: string) {
  const browser = await newPersonsBrowser(server.port, email, homeOf(turn));
  const review = await reviewCode(browser, userCode);
  return async (): Promise<number> => {
    const sentAt = performance.now();
    const page = await browser.submit(review, {}, { name: 'decision', value: 'approve' });
    if (page.root.querySelector('input[name="password"]')) throw new Error('The approval asked for a proof.');
    return sentAt;
  };
}

const order = (server: Running) => ({
  port: server.port,
  request: server.target.requests.poll,
  values: { file: server.waiting ?? '', use: 'shuffled' as const },
  connections,
  warmup: 0,
  watch: [],
});

async function pollRate({ load }: Context, server: Running): Promise<number> {
  await load.run({ ...order(server), pace: { kind: 'closed' }, seconds: 2 });
  const { requests, seconds } = await load.run({ ...order(server), pace: { kind: 'closed' }, seconds: 2 });
  return requests / seconds;
}

async function keepPolling({ load }: Context, server: Running, rate: number, until: AbortSignal): Promise<void> {
  while (!until.aborted) await load.run({ ...order(server), pace: { kind: 'open', rate, polite: true }, seconds: 1 });
}
