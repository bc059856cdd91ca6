import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that sends exactly what it is told, byte for byte, and keeps what comes back. */
export type RawClient = {
  socket: Socket;
  send(text: string | Buffer): void;
  /** What has arrived so far. */
  received(): string;
  /** Resolves with everything once the server has closed the connection. */
  closed: Promise<string>;
  /** Resolves once what has arrived matches. */
  until(pattern: RegExp): Promise<string>;
};

export async function connectRaw(origin: string): Promise<RawClient> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: false });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  // A server may cut the line while we still talk.
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await once(socket, 'connect');
  return {
    socket,
    send: (data) => void (socket.writable && socket.write(data)),
    received: () => text,
    closed,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          socket.off('data', look);
          resolve(text);
        };
        socket.on('data', look);
        socket.on('close', () => reject(new Error(`closed before ${pattern}: ${text.slice(0, 500)}`)));
        look();
      }),
  };
}

/** The head of a request, with the empty line that ends it. */
export function requestHead(line: string, headers: Record<string, string | number> = {}): string {
  const all = { host: 'localhost', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
