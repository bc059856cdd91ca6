import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type ReceivedText = { to: string; from: string; text: string };

type Answer = { status: number; body?: object | string; headers?: Record<string, string> };

export type SmsProvider = {
  /** For LATCHKEY_SMS_URL; it holds the credentials. */
  url: string;
  /** For LATCHKEY_SMS_FROM. */
  from: string;
  token: string;
  /** Another key of the same account, with the account in the path, as such addresses are written. */
  keyUrl: string;
  service: string;
  /** Everything accepted, oldest first. */
  texts(): ReceivedText[];
  /** Every request, accepted or not: method and path. */
  requests(): string[];
  /** The oldest text to this number that no earlier call has given, waiting for it for up to ten seconds. */
  waitFor(to: string): Promise<ReceivedText>;
  /** What to answer next instead of reading the request; `hang` never answers. */
  next(...answers: (Answer | 'hang')[]): void;
  close(): Promise<void>;
};

/** Numbers that no provider can reach, whatever they look like. */
export const unknownNumber = '+4915000000000';
export const unsubscribedNumber = '+4915000000001';

const problems: Record<number, [status: number, message: string]> = {
  20003: [401, 'Authenticate'],
  20404: [404, 'The requested resource was not found'],
  21211: [400, "Invalid 'To' Phone Number"],
  21212: [400, "Invalid 'From' Number"],
  21602: [400, 'Message body is required.'],
  21603: [400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"],
  21604: [400, "A 'To' phone number is required."],
  21610: [400, 'Attempt to send to unsubscribed recipient'],
  21617: [400, 'The concatenated message body exceeds the 1600 character limit'],
  20001: [400, 'Unknown parameter'],
};

/** A provider of text messages on loopback, which speaks the well-known messaging API and forgives nothing. */
export async function startSmsProvider(): Promise<SmsProvider> {
  const account = `AC${randomBytes(16).toString('hex')}`;
  const key = `SK${randomBytes(16).toString('hex')}`;
  const service = `MG${randomBytes(16).toString('hex')}`;
  const token = randomBytes(16).toString('hex');
  const from = '+4915550006789';
  const texts: ReceivedText[] = [];
  const given = new Set<ReceivedText>();
  const requests: string[] = [];
  const answers: (Answer | 'hang')[] = [];
  const waiting = new Set<() => void>();
  const credentials = [account, key].map((user) => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`);

  const judge = (request: IncomingMessage, body: string): Answer => {
    if (!credentials.includes(request.headers.authorization ?? '')) return problem(20003);
    if (request.method === 'GET' && request.url === `/2010-04-01/Accounts/${account}.json`)
      return { status: 200, body: { sid: account, status: 'active' } };
    if (request.method !== 'POST' || request.url !== `/2010-04-01/Accounts/${account}/Messages.json`)
      return problem(20404);
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(request.headers['content-type'] ?? '')) return problem(20001);
    const form = new URLSearchParams(body);
    const code = problemOf(form, { from, service });
    if (code) return problem(code);
    const text = { to: form.get('To') ?? '', from: form.get('From') ?? service, text: form.get('Body') ?? '' };
    texts.push(text);
    for (const look of waiting) look();
    const sid = `SM${randomBytes(16).toString('hex')}`;
    return { status: 201, body: { sid, status: 'queued', to: text.to, body: text.text, error_code: null } };
  };

  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    let body = '';
    for await (const chunk of request) body += chunk;
    const prepared = answers.shift();
    if (prepared !== 'hang') send(response, prepared ?? judge(request, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  return {
    ...{ from, token, service },
    url: `http://${account}:${token}@127.0.0.1:${port}`,
    keyUrl: `http://${key}:${token}@127.0.0.1:${port}/2010-04-01/Accounts/${account}`,
    texts: () => [...texts],
    requests: () => [...requests],
    waitFor(to) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const text = texts.find((one) => !given.has(one) && one.to === to);
          if (!text) return;
          given.add(text);
          waiting.delete(look);
          clearTimeout(limit);
          resolve(text);
        };
        const limit = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`No text to ${to}. Arrived: ${texts.map((text) => text.to).join(', ') || 'nothing'}`));
        }, 10_000);
        waiting.add(look);
        look();
      });
    },
    next: (...prepared) => void answers.push(...prepared),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The number of the first problem with a message, as the real one counts them. */
function problemOf(form: URLSearchParams, own: { from: string; service: string }): number | undefined {
  const [to, text] = [form.get('To'), form.get('Body')];
  const known = ['To', 'From', 'MessagingServiceSid', 'Body'];
  if ([...form.keys()].some((name) => !known.includes(name) || form.getAll(name).length > 1)) return 20001;
  if (!to) return 21604;
  if (!form.has('From') && !form.has('MessagingServiceSid')) return 21603;
  if (form.has('From') ? form.get('From') !== own.from : form.get('MessagingServiceSid') !== own.service) return 21212;
  if (!text) return 21602;
  if (text.length > 1600) return 21617;
  if (!/^\+[1-9]\d{6,14}$/.test(to) || to === unknownNumber) return 21211;
  return to === unsubscribedNumber ? 21610 : undefined;
}

function problem(code: number): Answer {
  const [status, message] = problems[code] ?? [500, ''];
  return { status, body: { code, message, more_info: `https://docs.example/errors/${code}`, status } };
}

function send(response: ServerResponse, { status, body = '', headers = {} }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}
