import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { parse } from 'node:querystring';
import { serverOrder, takeControl } from './control.ts';
import { openFloorStore } from './floor-store.ts';
import { clientId, deviceCodeGrant } from './target.ts';

/**
 * The floor: the least work on node:http that is still a correct answer. Not a product: it has no people, no pages,
 * one client, one key, and no defence against anything but a wrong code.
 */
const { port, folder } = serverOrder();
const store = openFloorStore(join(folder, 'floor.sqlite'));

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => answer(request, response, body));
});
server.keepAliveTimeout = 75_000;
server.listen(port, '127.0.0.1');
takeControl(store);

const failures = Object.fromEntries(
  ['authorization_pending', 'expired_token', 'invalid_grant', 'invalid_client', 'unsupported_grant_type'].map(
    (error) => [error, Buffer.from(JSON.stringify({ error }))],
  ),
);

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { grant_type, client_id, device_code, refresh_token } = parse(body);
  const succeed = (text: string): void => send(response, 200, Buffer.from(text));
  const fail = (error: string): void => send(response, 400, failures[error] ?? Buffer.alloc(0));

  if (client_id !== clientId) fail('invalid_client');
  else if (request.url === '/device_authorization') store.issue(succeed);
  else if (grant_type === deviceCodeGrant) {
    const state = store.stateOf(`${device_code}`);
    if (state === 'approved') store.redeem(`${device_code}`, succeed, () => fail('invalid_grant'));
    else fail(state);
  } else if (grant_type === 'refresh_token') store.refresh(`${refresh_token}`, succeed, () => fail('invalid_grant'));
  else fail('unsupported_grant_type');
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': body.length,
  });
  response.end(body);
}
