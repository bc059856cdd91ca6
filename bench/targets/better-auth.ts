import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { deviceAuthorization } from 'better-auth/plugins';
import { serverOrder, takeControl } from './control.ts';
import { clientId, scope } from './target.ts';

/** better-auth with its device authorization plugin: a redeemed code gives a session, not OAuth tokens. */
const { port, folder } = serverOrder();
const database = new DatabaseSync(join(folder, 'better-auth.sqlite'));
database.exec('pragma journal_mode = wal; pragma synchronous = full;');
const day = 86_400_000;

const options = {
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString('base64'),
  database,
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  logger: { level: 'error' },
  plugins: [
    deviceAuthorization({
      expiresIn: '1d',
      interval: '5s',
      verificationUri: '/device',
      validateClient: (id) => id === clientId,
    }),
  ],
} satisfies BetterAuthOptions;

const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();
const { adapter } = await auth.$context;
const user = await adapter.create<Record<string, unknown>, { id: string }>({
  model: 'user',
  data: {
    email: 'alice@example.org',
    name: 'Alice',
    emailVerified: true,
    createdAt: new Date(),
    updatedAt: new Date(),
  },
});
const server = createServer(toNodeHandler(auth));
server.keepAliveTimeout = 75_000;
server.listen(port, '127.0.0.1');

takeControl({
  async makeCode(state) {
    const deviceCode = randomBytes(30).toString('base64url');
    await adapter.create({
      model: 'deviceCode',
      data: {
        deviceCode,
        userCode: randomBytes(12).toString('hex').toUpperCase(),
        userId: state === 'approved' ? user.id : null,
        expiresAt: new Date(Date.now() + day),
        status: state,
        pollingInterval: 5000,
        clientId,
        scope,
      },
    });
    return deviceCode;
  },
  async approve(userCode) {
    const where = [{ field: 'userCode', value: userCode.replaceAll('-', '') }];
    const update = { status: 'approved', userId: user.id };
    if (!(await adapter.update({ model: 'deviceCode', where, update }))) throw new Error(`There is no ${userCode}.`);
  },
  hurry() {
    database.exec('pragma synchronous = off');
    return { end: () => database.exec('pragma synchronous = full; pragma wal_checkpoint(truncate)') };
  },
});
