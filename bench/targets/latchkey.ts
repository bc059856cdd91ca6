import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHttpBrowser, type HttpBrowser, signIn } from '../../test/helpers/http-browser.ts';
import { linkCode } from '../../test/helpers/link-journey.ts';
import { runLatchkey } from '../../test/helpers/server-process.ts';
import { freePort } from '../../test/helpers/servers.ts';
import { startChild } from '../child.ts';
import { type LatchkeyData, openLatchkeyData } from './latchkey-data.ts';
import { untilListening } from './listening.ts';
import type { Running, StartWishes, Target } from './target.ts';

const launcher = fileURLToPath(new URL('../../../bin/latchkey', import.meta.url));
const probe = new URL('./probe.js', import.meta.url).href;

export type LatchkeyRunning = Running & { data: LatchkeyData | undefined; env: Record<string, string> };

/** The real command, `latchkey serve`, as an operator starts it; only the probe is loaded beside it. */
export async function startLatchkey(
  target: Target,
  wishes: StartWishes,
  shared: Record<string, string> = {},
): Promise<LatchkeyRunning> {
  const { folder, core } = wishes;
  const port = await freePort();
  const besides = wishes.beside as LatchkeyRunning | undefined;
  const env: Record<string, string> = {
    LATCHKEY_DATA: join(folder, 'data'),
    ...besides?.env,
    ...shared,
    ...wishes.env,
    PORT: `${port}`,
    LATCHKEY_HOST: '127.0.0.1',
  };
  const data = besides?.data ?? (wishes.untouched ? undefined : await openLatchkeyData(env));
  let files = 0;
  const newFile = (state: string): string => join(folder, `${state}-${++files}.txt`);
  const waiting = wishes.waiting ? newFile('pending') : undefined;
  if (waiting) await data?.addPending(wishes.waiting ?? 0, waiting);

  const child = startChild({
    script: launcher,
    args: ['serve'],
    nodeArgs: ['--import', probe],
    name: target.name,
    core,
    env,
    log: join(folder, 'server.log'),
  });
  await Promise.race([untilListening(port), child.failure]);
  return {
    target,
    port,
    pid: child.pid,
    spawnedAt: child.startedAt,
    env,
    data,
    waiting: waiting ?? besides?.waiting,
    async prepare(state, count) {
      const file = newFile(state);
      if (state === 'approved') await data?.addApproved(count, file);
      else await data?.addPending(count, file);
      return file;
    },
    approve: (userCode) => approveOnPages(port, env, userCode),
    memory: () => child.ask('memory'),
    startProfile: () => child.ask('startProfile'),
    stopProfile: (file) => child.ask('stopProfile', file),
    async stop() {
      await child.stop();
      if (!besides) await data?.close();
    },
  };
}

const password = 'a long enough password for the benchmark';

/** Makes an account that can sign in. */
export async function addPerson(env: Record<string, string>, email: string): Promise<void> {
  const made = await runLatchkey(['accounts', 'create', '--email', email, '--password-stdin'], env, password);
  if (made.code !== 0) throw new Error(made.stderr);
}

async function approveOnPages(port: number, env: Record<string, string>, userCode: string): Promise<void> {
  const email = 'approver@example.org';
  await addPerson(env, email).catch(() => {});
  const browser = createHttpBrowser(`http://localhost:${port}`);
  await signIn(browser, email, password);
  await linkCode(browser, userCode, password);
}

/** True if they are in: they end on their own pages. */
export async function signInAgain(browser: HttpBrowser, email: string): Promise<boolean> {
  const { status, url } = await signIn(browser, email, password);
  return status === 200 && !url.pathname.startsWith('/signin');
}

/** A person who has just signed in, in a browser of their own. */
export async function newPersonsBrowser(port: number, email: string, ip: string) {
  const browser = createHttpBrowser(`http://localhost:${port}`, { 'x-forwarded-for': ip });
  await signIn(browser, email, password);
  return browser;
}
