import assert from 'node:assert/strict';
import { days } from '../../src/clock.ts';
import type { SecurityEvent } from '../../src/drivers/journal/journal.ts';
import type { AccountId, ClientId, DeviceId, SessionId } from '../../src/ids.ts';
import type { OpenDatabase } from './databases.ts';
import type { FormBrowser } from './form-browser.ts';
import { createPeople, goodPassword } from './people.ts';

const agents = {
  laptop: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  iPhone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1',
} as const;

/** Ann with an account, at her laptop, and whoever else signs in as her. */
export async function createAnn(open: OpenDatabase) {
  const people = await createPeople(open);
  const { journal, devices, database } = people;
  const ann = (await people.addAccount('ann@example.org')).id;

  const signIn = async (agent: keyof typeof agents, email = 'ann@example.org'): Promise<FormBrowser> => {
    const browser = people.newBrowser({ userAgent: agents[agent] });
    await browser.open('/signin');
    await browser.submit({ email });
    await browser.submit({ password: goodPassword });
    await people.activity.notices.settled();
    return browser;
  };

  const newest = async (type: SecurityEvent['type'], accountId: AccountId = ann) =>
    (await journal.recent(accountId, 1, { types: [type] }))[0] ?? assert.fail(`no event ${type}`);

  return {
    ...people,
    ann,
    signIn,
    newest,
    isSignedIn: async (browser: FormBrowser) => (await browser.open('/sessions')).url === '/sessions',
    /** The row of the newest event of that type. */
    rowOf: async (type: SecurityEvent['type']) => `/activity/${(await newest(type)).id}`,
    /** Presses "this wasn't me" on a row, with the ticks as the page makes them. */
    async disown(browser: FormBrowser, row: string, fields: Record<string, string> = {}) {
      await browser.open(row);
      return browser.submit({ action: 'disown', ...fields });
    },
    async event(type: SecurityEvent['type'], data: SecurityEvent['data'] = {}, accountId: AccountId = ann) {
      await journal.append({ type, accountId, data });
      return `/activity/${(await newest(type, accountId)).id}`;
    },
    async link(name: string, session?: string): Promise<DeviceId> {
      const grant = { accountId: ann, clientId: 'acme' as ClientId, grantId: `grant-${name}`, scope: 'openid' };
      return database.transaction(async (trx) => {
        const device = { ...grant, name, type: 'tv', expiresAt: people.clock.now() + days(90) };
        const { id } = await devices.link(device, trx);
        await journal.append({ type: 'approved', accountId: ann, data: { device: id, client: 'acme', session } }, trx);
        return id;
      });
    },
    sessionOf: async (agent: keyof typeof agents): Promise<SessionId> => {
      const all = await people.signin.sessionsOf(ann);
      return all.find(({ userAgent }) => userAgent === agents[agent])?.sessionId ?? assert.fail(`no ${agent}`);
    },
  };
}

export type Ann = Awaited<ReturnType<typeof createAnn>>;
