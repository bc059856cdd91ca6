import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { requestCode } from '../test/helpers/device.ts';
import { createHttpBrowser } from '../test/helpers/http-browser.ts';
import { startServerProcess } from '../test/helpers/server-process.ts';

type Span = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code?: number };
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
};

/** A collector on loopback that keeps what it is sent by OTLP over HTTP, as JSON. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    bodies,
    spans: (): Span[] =>
      bodies.flatMap((body) =>
        JSON.parse(body).resourceSpans.flatMap((resource: { scopeSpans: { spans: Span[] }[] }) =>
          resource.scopeSpans.flatMap((scope) => scope.spans),
        ),
      ),
  };
}

const data = mkdtempSync(join(tmpdir(), 'latchkey-tracing-'));
after(() => rmSync(data, { recursive: true }));

/** As where nobody has installed them. */
const withoutPackages = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (name.startsWith('@opentelemetry/')) throw Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  },
});`;

test('traces without their packages: the server says what to install and ends', async () => {
  const hidden = `--import data:text/javascript;base64,${Buffer.from(withoutPackages).toString('base64')}`;
  const env = { LATCHKEY_DATA: data, LATCHKEY_TRACES_URL: 'http://127.0.0.1:1/v1/traces', NODE_OPTIONS: hidden };
  await assert.rejects(
    startServerProcess(env),
    /ended with 2:\nlatchkey: LATCHKEY_TRACES_URL needs packages .* npm install --no-save @opentelemetry\/api .*\n$/,
  );
});

test('a request and what it waited for are one trace, without any code', async () => {
  const collector = await startCollector();
  const server = await startServerProcess({
    LATCHKEY_DATA: data,
    LATCHKEY_TRACES_URL: collector.url,
    LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1',
  });
  const caller = { 'x-forwarded-for': '192.0.2.7', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  await fetch(`${server.url}/signin`, { headers: caller });
  await fetch(`${server.url}/signin`, { headers: { traceparent: caller.traceparent } });
  await fetch(`${server.url}/healthz`);
  const code = await requestCode(server.url, 'example-tv');
  await createHttpBrowser(server.url).open(`/l/${code.user_code}`);
  const browser = createHttpBrowser(server.url);
  await browser.submit(await browser.open('/signin'), { email: 'noa@example.org' });
  assert.equal(await server.stop(), 0);

  const spans = collector.spans();
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [believed, stranger] = named('GET /signin');
  assert.deepEqual([believed?.traceId, believed?.parentSpanId], ['a'.repeat(32), 'b'.repeat(16)]);
  assert.notEqual(stranger?.traceId, 'a'.repeat(32));
  assert.ok(!stranger?.parentSpanId);

  const [issued] = named('POST /device_authorization');
  assert.ok(issued);
  const status = issued.attributes.find(({ key }) => key === 'http.response.status_code')?.value.intValue;
  assert.equal(status, 200);
  // Its body was read before the handler ran: what the handler waits for belongs to it all the same.
  const within = spans.filter((span) => span.parentSpanId === issued.spanId);
  assert.ok(within.some((span) => span.name === 'database transaction' && span.traceId === issued.traceId));

  assert.equal(spans.filter((span) => span.name.includes('healthz')).length, 0);
  assert.equal(named('GET /l/:code').length, 1);
  const sent = collector.bodies.join('');
  for (const secret of [code.user_code, code.user_code.replace('-', ''), code.device_code, 'noa@example.org'])
    assert.ok(!sent.includes(secret), 'F32');
});
