import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request as send } from 'node:http';

/** What was told to whom, line by line: nobody may wait long, and "no" has to say when to come again. */
export type Told = { method: string; path: string; status: number; took: number; retryAfter: string | undefined };

export type Balancer = {
  url: string;
  readonly ledger: readonly Told[];
  /** Processes that are asked from now on, in turn. */
  use(urls: readonly string[]): void;
  close(): Promise<void>;
};

/** In front of several processes: each request goes to the next one, or on to the one after it that takes connections. */
export async function startBalancer(port = 0): Promise<Balancer> {
  const ledger: Told[] = [];
  const agent = new Agent({ keepAlive: false });
  let targets: readonly string[] = [];
  let turn = 0;

  const server = createServer((request, response) => {
    const since = performance.now();
    const chunks: Buffer[] = [];
    const attempt = (tries: number): void => {
      const target = targets[turn++ % targets.length];
      if (!target || tries > targets.length) return void response.writeHead(502).end();
      const { method = '', url: path = '', headers } = request;
      const onward = send(new URL(path, target), { method, headers, agent }, (answer) => {
        const { connection: _theirs, 'keep-alive': _also, 'transfer-encoding': _too, ...passed } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, passed);
        answer.pipe(response);
        answer.on('end', () => {
          const { statusCode: status = 0, headers: told } = answer;
          ledger.push({ method, path, status, took: performance.now() - since, retryAfter: told['retry-after'] });
        });
        answer.on('error', () => response.destroy());
      });
      // Never accepted, so it may be asked of another one; anything else is an answer that was lost.
      onward.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNREFUSED' ? attempt(tries + 1) : response.destroy(),
      );
      onward.end(Buffer.concat(chunks));
    };
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => attempt(0));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('No port.');
  return {
    url: `http://localhost:${address.port}`,
    ledger,
    use(urls) {
      targets = urls;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Nobody was told anything but an answer or 503 with `Retry-After`, and nobody waited over five seconds (but who asked to). */
export function expectFairAnswers(ledger: readonly Told[]): { answered: number; unavailable: number; longest: number } {
  for (const told of ledger) {
    const line = JSON.stringify(told);
    assert.ok(told.status < 500 || told.status === 503, line);
    if (told.status === 503) assert.ok(Number(told.retryAfter) >= 1, line);
    assert.ok(told.took < 5000, line);
  }
  return {
    answered: ledger.length,
    unavailable: ledger.filter(({ status }) => status === 503).length,
    longest: Math.round(Math.max(0, ...ledger.map(({ took }) => took))),
  };
}
