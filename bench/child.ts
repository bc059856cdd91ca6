import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { canPin } from './machine.ts';

type Order = {
  script: string;
  args: string[];
  name: string;
  /** Which core it may use; undefined leaves it to the system. */
  core?: number | undefined;
  /** Options of Node.js itself. */
  nodeArgs?: string[];
  env?: Record<string, string>;
  /** File for what it prints; without it, that appears here. */
  log?: string;
};

/** A Node.js process that can be asked things by messages. */
export type Child = {
  pid: number;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  // biome-ignore lint/suspicious/noExplicitAny: each question has its own kind of answer, which the asker knows.
  ask(question: string, details?: unknown): Promise<any>;
  stop(): Promise<void>;
  /** Rejects when the process ends without having been told to. */
  failure: Promise<never>;
};

export type Question = { number: number; question: string; details: unknown };
export type Reply = { number: number; result?: unknown; error?: string };

export function startChild(order: Order): Child {
  const startedAt = performance.now();
  const child = spawnPinned(order);
  const open = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let stopping = false;

  child.on('message', (reply: Reply) => {
    const waiting = open.get(reply.number);
    open.delete(reply.number);
    if (reply.error === undefined) waiting?.resolve(reply.result);
    else waiting?.reject(new Error(`${order.name}: ${reply.error}`));
  });
  const failure = new Promise<never>((_resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const error = new Error(`${order.name} ended with ${signal ?? code}. ${lastWords(order.log)}`);
      for (const { reject: fail } of open.values()) fail(error);
      if (!stopping) reject(error);
    });
  });
  // Whoever waits for something else at the time is not stopped by it; the next question fails.
  failure.catch(() => {});

  return {
    pid: child.pid ?? 0,
    startedAt,
    failure,
    ask(question, details) {
      const number = ++asked;
      return new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`${order.name} has ended. ${lastWords(order.log)}`));
          return;
        }
        open.set(number, { resolve, reject });
        child.send({ number, question, details } satisfies Question);
      });
    },
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 6000);
      await gone;
      clearTimeout(late);
    },
  };
}

function spawnPinned({ script, args, core, nodeArgs = [], env = {}, log }: Order): ChildProcess {
  const output = log === undefined ? 'inherit' : openSync(log, 'a');
  const options: SpawnOptions = {
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  };
  const words = [process.execPath, ...nodeArgs, script, ...args];
  // taskset replaces itself by the command, so the process id and the message channel are the server's own.
  const [command = '', ...rest] = core !== undefined && canPin ? ['taskset', '-c', `${core}`, ...words] : words;
  const child = spawn(command, rest, options);
  if (typeof output === 'number') closeSync(output);
  return child;
}

function lastWords(log: string | undefined): string {
  if (log === undefined) return '';
  return `It said:\n${readFileSync(log, 'utf8').slice(-2000)}`;
}

/** The other end: answers the questions of whoever started this process. */
export function answerQuestions(answers: Record<string, (details: never) => unknown>): void {
  process.on('message', async ({ number, question, details }: Question) => {
    let reply: Reply;
    try {
      const answer = answers[question];
      if (!answer) throw new Error(`nobody answers "${question}" here`);
      reply = { number, result: await answer(details as never) };
    } catch (error) {
      reply = { number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(reply);
  });
}
