import type { FastifyInstance } from 'fastify';

/**
 * Keeps the log of a server to itself, for tests in which every failure is meant to happen; returns what it was told.
 * A level would not do: routes have levels of their own.
 */
export function silence(server: FastifyInstance): { lines: string[] } {
  const lines: string[] = [];
  const stream = Object.getOwnPropertySymbols(server.log).find((symbol) => symbol.description === 'pino.stream');
  if (!stream) throw new Error('The log has no stream; Fastify has changed its logger.');
  Object.defineProperty(server.log, stream, { value: { write: (line: string) => lines.push(line) } });
  return { lines };
}
