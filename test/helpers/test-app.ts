import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccounts } from '../../src/account/account.ts';
import { type App, createApp } from '../../src/app.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { createClients, type NewClient } from '../../src/clients/clients.ts';
import type { Clock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import { createClientCheck } from '../../src/engine/client-check.ts';
import type { AccountId } from '../../src/ids.ts';
import { type Outside, openOutside } from '../../src/outside.ts';
import type { Random } from '../../src/random.ts';
import { freePort } from './servers.ts';

/** Real time plus an offset that the test moves: the engine's own clock cannot be moved, so both must agree at first. */
export type MovedClock = Clock & { advance(milliseconds: number): void };

export type TestApp = {
  url: string;
  app: App;
  outside: Outside;
  clock: MovedClock;
  createAccount(email: string, password?: string): Promise<AccountId>;
  createClient(client?: Partial<NewClient>): Promise<{ id: string; secret: string | undefined }>;
  stop(): Promise<void>;
};

export const testPassword = 'correct horse battery staple';

type Options = { env?: Record<string, string>; random?: Random; data?: string; port?: number };

/** The whole server in this process, listening on loopback, with a clock that can be moved. */
export async function startTestApp({ env = {}, random, data, port }: Options = {}): Promise<TestApp> {
  const folder = data ?? mkdtempSync(join(tmpdir(), 'latchkey-app-'));
  const listenOn = port ?? (await freePort());
  const config = readConfig({ PORT: String(listenOn), LATCHKEY_DATA: folder, LATCHKEY_HOST: '127.0.0.1', ...env });
  const clock = createMovedClock();
  const outside = await openOutside(config, { clock, ...(random ? { random } : {}) });
  const app = await createApp(outside);
  app.server.log.level = 'error';
  await app.server.listen({ port: listenOn, host: '127.0.0.1' });

  return {
    url: config.issuer,
    app,
    outside,
    clock,
    async createAccount(email, password = testPassword) {
      const accounts = createAccounts(outside);
      const account = await accounts.create({ email });
      const authenticators = createAuthenticators({ ...outside, userIdOf: (id) => accounts.passkeyUserId(id) });
      await authenticators.setPassword(account.id, password);
      return account.id;
    },
    async createClient(client = {}) {
      const created = await createClients({ ...outside, accepted: createClientCheck() }).create({
        name: 'Acme TV',
        public: true,
        grants: ['device_code', 'refresh_token'],
        ...client,
      });
      return { id: created.client.id, secret: created.secret };
    },
    async stop() {
      app.drain();
      await app.close();
      await outside.close();
      if (!data) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createMovedClock(): MovedClock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    advance(milliseconds) {
      offset += milliseconds;
    },
  };
}
