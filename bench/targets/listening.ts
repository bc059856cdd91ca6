import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves as soon as somebody takes connections on the port. */
export async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 30_000; tries++) {
    if (await connects(port)) return;
    await pause(2);
  }
  throw new Error(`Nobody listens on port ${port}.`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
