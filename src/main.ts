import { setTimeout as pause } from 'node:timers/promises';
import { minutes, seconds } from './clock.ts';
import { type Config, readConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { claimToServe } from './drivers/database/open.ts';
import { listen, tryToListen } from './listening.ts';
import { type Outside, openOutside } from './outside.ts';

/** After SIGTERM, requests still in flight are cut: it must be obeyed within five seconds. */
const patience = seconds(3);
const lastMoment = seconds(4.8);

/** Opens everything, listens, and stops cleanly when told to. Resolves once the server is listening. */
export async function serve(config: Config): Promise<void> {
  // Before anything is opened: a program that will not be reached should not bring the database up to date.
  await tryToListen(config);
  const letGo = claimToServe(config);
  const outside = await withTraces(await openOutside(config));
  // Loaded late: commands that need no server do not wait for the engine.
  const { createApp } = await import('./app.ts');
  const app = await createApp(outside);
  const { log } = app.server;
  const newer = await outside.database.newerMigrations();
  if (newer.length > 0) log.warn({ migrations: newer }, 'a newer version has brought the database up to date');
  const housekeeping = setInterval(() => {
    app.tidy().catch((error: unknown) => log.error({ err: error }, 'housekeeping failed; it will be tried again'));
  }, minutes(1));
  housekeeping.unref();

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    app.drain();
    clearInterval(housekeeping);
    setTimeout(() => app.server.server.closeAllConnections(), patience).unref();
    // A database that hangs must not hold the process past what SIGTERM allows.
    setTimeout(() => process.exit(1), lastMoment).unref();
    // Readiness goes off first: until balancers have noticed, whoever still comes is served.
    await pause(config.drainTime);
    await app.close();
    await outside.close();
    letGo();
    await outside.tracing?.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.fatal({ err: error }, 'could not stop cleanly');
          process.exit(1);
        },
      );
    });
  }

  await listen(app.server, config);
  process.stdout.write(`latchkey listening on ${config.issuer}\n`);
}

async function withTraces(outside: Outside): Promise<Outside> {
  if (!outside.config.tracesUrl) return outside;
  const { startTracing } = await import('./tracing.ts');
  const tracing = await startTracing(outside.config.tracesUrl);
  return { ...tracing.watch(outside), tracing };
}

/** Runs the server from the environment; the exit code is 2 when the configuration cannot work. */
export async function main(): Promise<void> {
  try {
    await serve(readConfig(process.env));
  } catch (error) {
    const lines = error instanceof ConfigError ? error.problems : [stackOf(error)];
    process.stderr.write(lines.map((line) => `latchkey: ${line}\n`).join(''));
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
