import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openValkey } from '../../src/drivers/ephemeral/valkey.ts';
import { poll, requestCode } from '../../test/helpers/device.ts';
import { reviewCode } from '../../test/helpers/link-journey.ts';
import type { Context } from '../bench-context.ts';
import { cpuSeconds, otherCore, residentBytes, serverCore } from '../machine.ts';
import { addPerson, type LatchkeyRunning, newPersonsBrowser } from '../targets/latchkey.ts';
import { clientId, type Running } from '../targets/target.ts';
import { latchkeyPostgres } from '../targets/targets.ts';
import { connections } from './throughput.ts';

const people = 8;
const heldAtOnce = 200;

/**
 * W9: what docs/scale.md reckons with and nothing else measures, in processor time of one server process: signing in,
 * approving, a poll that is held, the first sight of another process's code, hearing of a decision.
 */
export async function measureCosts(context: Context): Promise<void> {
  const { quick } = context.options;
  // Everybody comes from another network, as far as limits can see.
  const env = { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1' };
  const first = (await context.start(latchkeyPostgres, { core: serverCore, env })) as LatchkeyRunning;
  const second = (await context.start(latchkeyPostgres, { core: otherCore, beside: first })) as LatchkeyRunning;
  const figures = {
    ...(await costOfPeople(first, quick ? 16 : 64)),
    heldPoll: await costOfHeldPolls(first, quick ? 400 : 2000),
    ...(await costOfSight(context, first, second, quick ? 3000 : 20_000)),
    decisionHeard: await costOfHearing(first, second, quick ? 5000 : 50_000),
    idleMiB: residentBytes(second.pid) / 2 ** 20,
  };
  await second.stop();
  await first.stop();
  context.note({ workload: 'costs', target: latchkeyPostgres.name, repetition: 0, figures });
  for (const [name, value] of Object.entries(figures)) context.say(`costs ${name}: ${value.toFixed(1)}`);
}

/** Microseconds of processor time that the process used meanwhile, for each of `count`. */
async function micros({ pid }: Running, count: number, work: () => Promise<unknown>): Promise<number> {
  const before = cpuSeconds(pid) ?? Number.NaN;
  await work();
  return (((cpuSeconds(pid) ?? Number.NaN) - before) / count) * 1e6;
}

async function costOfPeople(server: LatchkeyRunning, count: number) {
  const emails = Array.from({ length: people }, (_, i) => `cost${i}@example.org`);
  for (const email of emails) await addPerson(server.env, email);
  const turns = Array.from({ length: count }, (_, i) => i);
  const browsers: Awaited<ReturnType<typeof newPersonsBrowser>>[] = [];
  // The device stands beside the person: elsewhere the press would be followed by a proof.
  const homeOf = (turn: number): string => `10.${turn >> 8}.${turn & 255}.1`;
  const signIn = await micros(server, count, async () => {
    for (const turn of turns)
      browsers.push(await newPersonsBrowser(server.port, emails[turn % people] ?? '', homeOf(turn)));
  });
  const codes: { user_code: string }[] = [];
  for (const turn of turns) {
    const from = { 'x-forwarded-for': homeOf(turn) };
    codes.push(await requestCode(`http://127.0.0.1:${server.port}`, clientId, {}, from));
  }
  const approve = await micros(server, count, async () => {
    for (const [turn, browser] of browsers.entries()) {
      const review = await reviewCode(browser, codes[turn]?.user_code ?? '');
      await browser.submit(review, {}, { name: 'decision', value: 'approve' });
    }
  });
  return { signIn, approve };
}

/** Each poll is held for a second, hundreds at a time. */
async function costOfHeldPolls(server: LatchkeyRunning, count: number): Promise<number> {
  const issuer = `http://127.0.0.1:${server.port}`;
  const codes: string[] = [];
  for (let i = 0; i < count; i++) codes.push((await requestCode(issuer, clientId)).device_code);
  return micros(server, count, async () => {
    for (let done = 0; done < count; done += heldAtOnce) {
      const held = codes.slice(done, done + heldAtOnce);
      await Promise.all(held.map((code) => poll(issuer, clientId, code, { prefer: 'wait=1' })));
    }
  });
}

/** A code that one process issued is asked for at another: there, the database has to be asked once. */
async function costOfSight(context: Context, first: Running, second: Running, count: number) {
  const file = await first.prepare('pending', count);
  const order = {
    port: second.port,
    request: second.target.requests.poll,
    connections,
    pace: { kind: 'closed' } as const,
    warmup: 0,
    watch: [second.pid],
  };
  const seen = await context.load.run({ ...order, values: { file, use: 'once' }, seconds: 600, limit: count });
  const again = await context.load.run({ ...order, values: { file, use: 'shuffled' }, seconds: 3 });
  const each = ({ cpu, requests }: typeof seen): number => ((cpu[second.pid] ?? Number.NaN) / requests) * 1e6;
  return { firstSight: each(seen), knownPoll: each(again) };
}

/** Decisions of others: only the second process is watched, which has nothing else to do. */
async function costOfHearing(first: LatchkeyRunning, second: LatchkeyRunning, count: number): Promise<number> {
  const valkey = await openValkey(first.env.LATCHKEY_VALKEY_URL ?? '');
  try {
    await pause(1000);
    const idle = await micros(second, 1, () => pause(2000));
    const heard = await micros(second, 1, async () => {
      for (let done = 0; done < count; done += 100) {
        await Promise.all(
          Array.from({ length: 100 }, () => valkey.publish('link-decided', randomBytes(32).toString('base64url'))),
        );
      }
      await pause(2000);
    });
    return (heard - idle) / count;
  } finally {
    await valkey.close();
  }
}
