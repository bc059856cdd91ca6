import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import fastify from 'fastify';
import { createDevices } from '../../src/devices/devices.ts';
import { createMemory } from '../../src/drivers/ephemeral/memory.ts';
import { createTableJournal } from '../../src/drivers/journal/table.ts';
import type { Message } from '../../src/drivers/mail/mail.ts';
import { noPlaces } from '../../src/drivers/places/places.ts';
import type { TextMessage } from '../../src/drivers/sms/sms.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createPerson } from '../../src/person.ts';
import { systemRandom } from '../../src/random.ts';
import { createSecrets, type Secrets } from '../../src/secrets.ts';
import type { AfterSignIn, SignInFacts } from '../../src/signin/signin.ts';
import { readFlow, writeFlow } from '../../src/web/flow.ts';
import { createLive } from '../../src/web/live.ts';
import { loadMessages } from '../../src/web/messages.ts';
import { loggerOptions, pagesScope, registerWeb } from '../../src/web/web.ts';
import { createTestClock } from './clock.ts';
import type { OpenDatabase } from './databases.ts';
import { createFormBrowser, type Settings } from './form-browser.ts';

export const issuer = 'http://localhost:3000';
export const goodPassword = 'plum tractor evening gravel';

/** The rooms of people (authenticators, account, signin) on a real database behind the real web shell. */
export async function createPeople(
  open: OpenDatabase,
  { secrets = createSecrets(randomBytes(32)), ...settings }: { requireSecondStep?: boolean; secrets?: Secrets } = {},
) {
  const database = await open();
  const clock = createTestClock();
  const random = systemRandom;
  const journal = createTableJournal({ database, clock, random });
  const ephemeral = createMemory({ clock });
  const limits = createLimits({ ephemeral, clock });
  const mails: Message[] = [];
  // Apart, for they follow every sign-in of a test that is about something else.
  const notices: Message[] = [];
  const signIns: SignInFacts[] = [];
  let mailWorks = true;
  const mail = {
    async send(message: Message) {
      if (!mailWorks) throw new Error('the next hop is down');
      (message.text.includes('/activity/undo/') ? notices : mails).push(message);
    },
    close: async () => {},
  };

  const texts: TextMessage[] = [];
  const sms = { send: async (message: TextMessage) => void texts.push(message), close: async () => {} };

  const messages = loadMessages();
  // Without apps there are no tokens to revoke.
  const devices = createDevices({
    ...{ database, clock, random, secrets, journal },
    revokeGrant: async () => {},
    clientNames: async () => new Map(),
  });
  const person = createPerson({
    devices,
    clientNames: async (ids) => new Map(ids.map((id) => [id, `App ${id}`])),
    ...{ database, clock, random, secrets, journal, ephemeral, limits, mail, sms, messages, places: noPlaces },
    live: createLive({ ephemeral }),
    config: {
      issuer,
      development: true,
      smsCountries: 'all',
      smsPerDay: 500,
      activityDays: 90,
      requireSecondStep: false,
      ...settings,
    },
    revokeAccount: async () => {},
    revokeApps: async () => {},
    failed: () => {},
    signedInFrom: (facts) => void signIns.push(facts),
  });
  const { accounts, activity, addresses, authenticators, signin, signup, recovery } = person;

  const logs: string[] = [];
  const logger = { ...loggerOptions, stream: { write: (line: string) => void logs.push(line) } };
  const app = fastify({ logger, routerOptions: { maxParamLength: 500 } });
  await registerWeb(app, {
    config: { issuer, development: true, trustedProxies: [] },
    secrets,
    random,
    clock,
    messages,
    readPerson: (request) => person.readPerson(request),
    switchTo: (request, id) => person.signin.switchTo(request, id),
  });
  const afterSignIn: AfterSignIn = async ({ request, reply }) => {
    const { next } = readFlow(request);
    writeFlow(reply, {});
    return next ?? '/home';
  };
  await pagesScope(app, async (pages) => {
    person.registerSessions(pages);
    pages.get('/home', async (request) => ({ signedIn: request.signedIn ?? null }));
    await person.register(pages, { afterSignIn });
  });
  after(async () => {
    await app.close();
    await ephemeral.close();
  });

  return {
    person,
    database,
    clock,
    limits,
    ephemeral,
    secrets,
    journal,
    accounts,
    activity,
    devices,
    addresses,
    authenticators,
    signin,
    signup,
    recovery,
    tidy: () => person.tidy(),
    /** What is asked at once from now on is not held apart by the time it takes to connect. */
    manyConnections: () => Promise.all(Array.from({ length: 8 }, () => database.ping())),
    app,
    mails,
    notices,
    texts,
    signIns,
    logs,
    breakMail: (broken = true) => {
      mailWorks = !broken;
    },
    newBrowser: (settings?: Settings) => createFormBrowser(app, settings),
    /** An account with a password, as the operator's command makes one. */
    async addAccount(email: string, password = goodPassword) {
      const account = await accounts.create({ email });
      await authenticators.savePassword(account.id, await authenticators.hashPassword(password));
      return account;
    },
  };
}

export type People = Awaited<ReturnType<typeof createPeople>>;
