import type { Redis } from 'ioredis';

/** Milliseconds between two questions on each connection. */
export const askEvery = 1000;
/** A connection that owes an answer for so long is given up, and made anew. */
export const longestSilence = 2000;
/** A listener that owes an answer for so long must be taken for deaf. */
const doubtAfter = 1000;

/**
 * Asks on every connection, now and then, whoever else may ask on it. What lies between us and the server (address
 * translation, a firewall, a machine that was moved) may forget a connection without a word to either side: then what we
 * send arrives nowhere, nothing comes back, and the system itself gives up after a quarter of an hour. ioredis destroys the
 * socket of a question that is not answered (`socketTimeout`), so there must be a question.
 */
export function keepAsking(connections: () => readonly Redis[]): () => void {
  const ask = (): void => {
    for (const one of connections()) if (one.status === 'ready') one.ping().catch(() => {});
  };
  const timer = setInterval(ask, askEvery).unref();
  return () => clearInterval(timer);
}

/**
 * Until a connection that is being made is there or has failed, and never longer than both may take: one that is given up
 * while it waits to be made again tells nobody.
 */
export function untilSettled(connection: Redis): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(limit);
      connection.off('ready', settle).off('close', settle);
      resolve();
    };
    const limit = setTimeout(settle, 2 * longestSilence);
    connection.once('ready', settle).once('close', settle);
  });
}

export type Hearing = {
  /** Sends a question over the connection that listens; its answer says that what is said there is heard. */
  ask(question: () => Promise<unknown>): void;
  /** True if a question has been open for longer than an answer takes. */
  readonly doubtful: boolean;
};

export function createHearing(): Hearing {
  let askedAt: number | undefined;
  let questions = 0;
  return {
    ask(question) {
      askedAt ??= performance.now();
      const number = ++questions;
      const answered = (): void => {
        if (number === questions) askedAt = undefined;
      };
      question().then(answered, () => {});
    },
    get doubtful() {
      return askedAt !== undefined && performance.now() - askedAt > doubtAfter;
    },
  };
}
