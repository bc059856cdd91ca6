import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One answer of the token endpoint; the last one of a script repeats. */
export type Scripted =
  | 'pending'
  | 'claimed'
  | 'slow_down'
  | 'declined'
  | 'expired'
  | 'invalid_grant'
  | 'tokens'
  /** The socket closes before a byte is sent. */
  | 'drop'
  /** The socket closes in the middle of the answer: the issuer has acted, the device does not know. */
  | 'cut'
  /** Nothing comes, ever. */
  | 'hang'
  /** The issuer goes away and comes back on the same port. */
  | 'restart'
  /** Kept open for so many seconds, or as many as the device prefers to wait; answered at once if it does not. */
  | { held: number; then: Scripted }
  | { status: number; headers?: Record<string, string>; body?: unknown };

export type Received = { path: string; method: string; headers: IncomingMessage['headers']; fields: URLSearchParams };

export type ScriptedIssuer = Awaited<ReturnType<typeof startIssuer>>;

const bodies: Record<string, [number, object]> = {
  pending: [400, { error: 'authorization_pending' }],
  claimed: [400, { error: 'authorization_pending', claimed: true }],
  slow_down: [400, { error: 'slow_down' }],
  declined: [400, { error: 'access_denied' }],
  expired: [400, { error: 'expired_token' }],
  invalid_grant: [400, { error: 'invalid_grant', error_description: 'grant request is invalid' }],
  tokens: [
    200,
    { access_token: 'at-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt-1', scope: 'openid' },
  ],
};

/** A real HTTP server on loopback that answers as RFC 8628 says, or as badly as the script wants. */
export async function startIssuer(script: {
  tokens?: Scripted[];
  codes?: Scripted[];
  metadata?: object;
  onHang?: () => void;
  /** Lets so many seconds pass while a request is open. */
  onHold?: (seconds: number) => void;
}) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const issuer = { url: '', received, script: { tokens: ['pending'] as Scripted[], ...script }, stop };
  let server: Server = await listen(0);
  issuer.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return issuer;

  function listen(port: number): Promise<Server> {
    const started = createServer((request, response) => {
      void answer(request, response);
    });
    started.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
    return new Promise((resolve) => started.listen(port, 'localhost', () => resolve(started)));
  }

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url ?? '';
    received.push({ path, method: request.method ?? '', headers: request.headers, fields: new URLSearchParams(body) });
    if (path === '/.well-known/oauth-authorization-server') return reply(response, { status: 200, body: metadata() });
    if (path === '/device_authorization')
      return play(request, response, next('codes') ?? { status: 200, body: code() });
    if (path === '/token') return play(request, response, next('tokens') ?? 'pending');
    if (path === '/userinfo')
      return reply(response, { status: 200, body: { sub: '1', name: 'Sam', email: 'sam@example.org' } });
    if (path === '/revoke') return reply(response, { status: 200 });
    return reply(response, { status: 404 });
  }

  function next(queue: 'tokens' | 'codes'): Scripted | undefined {
    const steps = issuer.script[queue];
    return steps && steps.length > 1 ? steps.shift() : steps?.[0];
  }

  async function play(request: IncomingMessage, response: ServerResponse, step: Scripted): Promise<void> {
    if (typeof step === 'object' && 'held' in step) {
      const { prefer } = request.headers;
      if (prefer !== undefined) {
        response.setHeader('preference-applied', prefer);
        issuer.script.onHold?.(Math.min(step.held, Number(/\d+/.exec(String(prefer)))));
      }
      return play(request, response, step.then);
    }
    if (step === 'hang') return issuer.script.onHang?.();
    if (step === 'drop') return void response.destroy();
    if (step === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"access_token":');
      setImmediate(() => response.destroy());
      return;
    }
    if (step === 'restart') {
      const { port } = server.address() as AddressInfo;
      await stop();
      server = await listen(port);
      return;
    }
    if (typeof step === 'string') {
      const [status, body] = bodies[step] ?? [500, {}];
      return reply(response, { status, body });
    }
    reply(response, step);
  }

  function metadata(): object {
    return {
      issuer: issuer.url,
      token_endpoint: `${issuer.url}/token`,
      device_authorization_endpoint: `${issuer.url}/device_authorization`,
      revocation_endpoint: `${issuer.url}/revoke`,
      userinfo_endpoint: `${issuer.url}/userinfo`,
      ...issuer.script.metadata,
    };
  }

  function code(): object {
    return {
      device_code: 'device-code-of-256-bits',
      user_code: 'BCDF-GHJK',
      verification_uri: `${issuer.url}/link`,
      verification_uri_complete: `${issuer.url}/L/BCDFGHJK`,
      expires_in: 600,
      interval: 5,
    };
  }
}

function reply(
  response: ServerResponse,
  { status, headers, body }: { status: number; headers?: Record<string, string>; body?: unknown },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
}
