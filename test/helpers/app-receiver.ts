import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: string };

/** An app's own web server: it notes what arrives, and shows whatever page it is given for a path. */
export type AppReceiver = {
  /** At 127.0.0.1, which to a browser is another site than our localhost. */
  origin: string;
  received: Received[];
  /** What it shows; "arrived" anywhere else. */
  pages: Map<string, string>;
  /** Where it sends whoever comes to a path, whatever the query. */
  onward: Map<string, string>;
  stop(): Promise<void>;
};

export async function startAppReceiver(): Promise<AppReceiver> {
  const received: Received[] = [];
  const pages = new Map<string, string>();
  const onward = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    if (path !== '/favicon.ico') received.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
    const further = onward.get(path.split('?', 1)[0] ?? '');
    if (further !== undefined) return response.writeHead(302, { location: further }).end();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><title>app</title>${pages.get(path) ?? '<h1>arrived</h1>'}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    pages,
    onward,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
