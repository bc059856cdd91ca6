import { setTimeout as pause } from 'node:timers/promises';
import { poll, requestCode } from '../../test/helpers/device.ts';
import type { HttpBrowser } from '../../test/helpers/http-browser.ts';
import type { Context } from '../bench-context.ts';
import { Latencies } from '../load/latencies.ts';
import { addPerson, type LatchkeyRunning, newPersonsBrowser, signInAgain } from '../targets/latchkey.ts';
import { clientId } from '../targets/target.ts';
import { latchkeySqlite } from '../targets/targets.ts';
import { strangersRate } from './strangers.ts';
import { startStrangers } from './strangers-thread.ts';

/** Enough that nobody's own limits are met. */
const people = 8;
const devices = 50;
/** At most, however long measurements are: what strangers make is rows. */
const longest = 15;

/**
 * W10: how long a person in a browser of theirs takes to sign in, and a device to be told to wait, with nobody else there
 * and then beside strangers who send 150 requests a second of the worst kinds.
 */
export async function measureAttack(context: Context): Promise<void> {
  const seconds = Math.min(longest, context.options.seconds * 3);
  for (let repetition = 0; repetition < context.options.repetitions; repetition++) {
    const server = (await context.start(latchkeySqlite, {
      // Strangers come from many networks.
      env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1' },
    })) as LatchkeyRunning;
    const regulars = await inviteRegulars(server);
    const strangers = await startStrangers(server, Math.ceil(seconds) + 1);
    await watch(regulars, context.options.warmup);
    const quiet = await watch(regulars, seconds);
    strangers.begin();
    await pause(500);
    const attacked = await watch(regulars, seconds);
    const statuses = await strangers.stop();
    await server.stop();

    const figures = {
      signInQuiet: quiet.signIn.p50,
      signInAttacked: attacked.signIn.p50,
      signInTimes: attacked.signIn.p50 / quiet.signIn.p50,
      pollQuiet: quiet.poll.p50,
      pollAttacked: attacked.poll.p50,
      pollTimes: attacked.poll.p50 / quiet.poll.p50,
      pollAttackedP99: attacked.poll.p99,
    };
    const wrong = quiet.wrong + attacked.wrong;
    context.note({ workload: 'attack', target: latchkeySqlite.name, repetition, figures, wrong });
    const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`);
    context.say(
      `attack #${repetition + 1}: sign-in ${quiet.signIn.p50.toFixed(0)} → ${attacked.signIn.p50.toFixed(0)} ms, ` +
        `poll ${quiet.poll.p50.toFixed(1)} → ${attacked.poll.p50.toFixed(1)} ms; strangers were told ${answers.join(', ')}` +
        (wrong ? `; ${wrong} wrong` : ''),
    );
  }
  context.remark(`W10: strangers sent ${strangersRate} requests a second, a third of each kind, from 500 networks.`);
}

type Regulars = { browsers: { browser: HttpBrowser; email: string }[]; codes: string[]; issuer: string };

async function inviteRegulars({ port, env }: LatchkeyRunning): Promise<Regulars> {
  const issuer = `http://127.0.0.1:${port}`;
  const browsers: Regulars['browsers'] = [];
  for (let i = 0; i < people; i++) {
    const email = `regular${i}@example.org`;
    await addPerson(env, email);
    browsers.push({ email, browser: await newPersonsBrowser(port, email, `203.0.${i}.1`) });
  }
  const codes: string[] = [];
  for (let i = 0; i < devices; i++)
    codes.push((await requestCode(issuer, clientId, {}, { 'x-forwarded-for': `203.1.${i}.1` })).device_code);
  return { browsers, codes, issuer };
}

/** One person after the other, and one device after the other beside them. */
async function watch({ browsers, codes, issuer }: Regulars, seconds: number) {
  const [signIns, polls] = [new Latencies(), new Latencies()];
  const end = performance.now() + seconds * 1000;
  let wrong = 0;
  const timed = async (latencies: Latencies, work: () => Promise<boolean>): Promise<void> => {
    const from = performance.now();
    if (!(await work())) wrong += 1;
    latencies.add(performance.now() - from);
  };
  const peoplesTurns = async (): Promise<void> => {
    for (let turn = 0; performance.now() < end; turn++) {
      const { browser, email } = browsers[turn % browsers.length] ?? { email: '' };
      if (browser) await timed(signIns, () => signInAgain(browser, email));
      await pause(200);
    }
  };
  const devicesTurns = async (): Promise<void> => {
    for (let turn = 0; performance.now() < end; turn++) {
      await timed(polls, async () => {
        const { body } = await poll(issuer, clientId, codes[turn % codes.length] ?? '');
        return body.error === 'authorization_pending' || body.error === 'slow_down';
      });
      await pause(20);
    }
  };
  await Promise.all([peoplesTurns(), devicesTurns()]);
  return { signIn: signIns.summary(), poll: polls.summary(), wrong };
}
