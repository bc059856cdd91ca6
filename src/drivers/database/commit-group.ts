import type { Database, DatabaseTransaction } from './database.ts';

type Job = { run(transaction: DatabaseTransaction): Promise<void>; done(): void; failed(error: unknown): void };
type Query = Database['query'];

/** Straight to the connection: through the query builder they would cost as much as the work between them. */
export type Savepoints = { begin(): void; rollback(): void; release(): void; isInTransaction(): boolean };

/**
 * Lets the writes of requests in flight share one commit: they gather for one turn of the event loop, and nobody is
 * told anything before the commit that holds their write. An ordinary disk syncs a few hundred times a second, so a
 * commit for each request would be the limit of the whole server.
 *
 * Each work has a savepoint of its own: one that fails leaves nothing behind and takes nobody with it.
 */
export function groupCommits(query: Query, savepoints: Savepoints): Database['transaction'] {
  let waiting: Job[] = [];
  let running = false;

  async function runApart(job: Job, transaction: DatabaseTransaction, failures: Map<Job, unknown>): Promise<void> {
    savepoints.begin();
    try {
      await job.run(transaction);
    } catch (error) {
      failures.set(job, error);
      // A full disk makes SQLite roll back the whole group by itself; that is the error everybody must hear of.
      if (!savepoints.isInTransaction()) throw error;
      savepoints.rollback();
    }
    savepoints.release();
  }

  async function commitAll(jobs: Job[]): Promise<void> {
    const failures = new Map<Job, unknown>();
    try {
      await query.transaction().execute(async (transaction) => {
        for (const job of jobs) await runApart(job, transaction, failures);
      });
    } catch (error) {
      for (const job of jobs) job.failed(failures.has(job) ? failures.get(job) : error);
      return;
    }
    for (const job of jobs) {
      if (failures.has(job)) job.failed(failures.get(job));
      else job.done();
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const jobs = waiting;
      waiting = [];
      await commitAll(jobs);
      // Gives the requests that arrived meanwhile the chance to join the next group.
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
  }

  return (work) =>
    new Promise((resolve, reject) => {
      let result: Awaited<ReturnType<typeof work>>;
      waiting.push({
        async run(transaction) {
          result = await work(transaction);
        },
        done: () => resolve(result),
        failed: reject,
      });
      if (running) return;
      running = true;
      setImmediate(() => void drain());
    });
}
