import Fastify, { type FastifyInstance } from 'fastify';
import type { AccountId } from '../../src/ids.ts';
import { systemRandom } from '../../src/random.ts';
import { createSecrets, type Secrets } from '../../src/secrets.ts';
import { loadMessages } from '../../src/web/messages.ts';
import type { Person } from '../../src/web/page.ts';
import { pagesScope, registerWeb, serverOptions } from '../../src/web/web.ts';
import { createTestClock, type TestClock } from './clock.ts';

export const sam: Person = { accountId: 'sam' as AccountId, email: 'sam@example.org', name: 'Sam' };

export type WebApp = {
  app: FastifyInstance;
  clock: TestClock;
  /** Everything logged so far. */
  log(): string;
  /** A browser's first visit: its cookie and the token of its forms. */
  visit(): Promise<{ cookie: string; csrf: string }>;
};

/** The shell alone, with whatever pages a test registers; no port is opened. */
export async function createWebApp(
  options: {
    issuer?: string;
    person?: Person;
    trustedProxies?: string[];
    secrets?: Secrets;
    pages?: (pages: FastifyInstance) => void;
    beside?: (app: FastifyInstance) => void;
  } = {},
): Promise<WebApp> {
  const {
    issuer = 'http://localhost:3000',
    person,
    trustedProxies = [],
    secrets = createSecrets(Buffer.alloc(32, 7)),
  } = options;
  const lines: string[] = [];
  const { logger, ...rest } = serverOptions({ trustedProxies });
  const app = Fastify({ ...rest, logger: { ...(logger as object), stream: { write: (line) => lines.push(line) } } });
  const clock = createTestClock();
  options.beside?.(app);
  await registerWeb(app, {
    config: { issuer, development: true, trustedProxies },
    secrets,
    random: systemRandom,
    clock,
    messages: loadMessages(),
    readPerson: async () => person && { person, accountId: person.accountId, others: [] },
    switchTo: async () => false,
  });
  await pagesScope(app, (pages) => options.pages?.(pages));
  return {
    app,
    clock,
    log: () => lines.join(''),
    async visit() {
      const answer = await app.inject({ url: '/help', headers: { accept: 'text/html' } });
      const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
      const csrf = /name="csrf" value="([^"]+)"/.exec(answer.body)?.[1] ?? '';
      return { cookie, csrf };
    },
  };
}

/** A form as a browser sends it. */
export function form(fields: Record<string, string>): { payload: string; headers: Record<string, string> } {
  return {
    payload: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
}
