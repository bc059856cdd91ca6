import type { FastifyRequest } from 'fastify';
import { type Account, displayName } from '../account/account.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { localPath } from '../web/flow.ts';
import type { LiveSession, Sessions } from './sessions.ts';
import type { SessionAccountRow } from './signin-store.ts';

type Described<Method> = Pick<Account, 'email'> & {
  accountId: AccountId;
  name: string;
  methods: Method[];
  signedInAt: number;
  provenAt: number;
};
type SignedIn<Method> = { sessionId: SessionId; current: Described<Method>; others: Described<Method>[] };
type Reading<Method> = {
  live?: LiveSession;
  signedIn?: SignedIn<Method>;
  /** In place of `signedIn`, while the current account lacks the second step that its operator wants. */
  settingUp?: SignedIn<Method>;
};

/** The session of each request, looked up once per request and secret. */
export function createReadings<Method extends string>(needs: {
  sessions: Pick<Sessions, 'find'>;
  findAccount: (id: AccountId) => Promise<Account | undefined>;
  /** Whether the operator wants a second step that the account has not. */
  secondStepMissing: (id: AccountId) => Promise<boolean>;
}) {
  const known = new WeakMap<FastifyRequest, Promise<Reading<Method>>>();

  const look = async (secret: string | undefined): Promise<Reading<Method>> => {
    const live = secret ? await needs.sessions.find(secret) : undefined;
    if (!live) return {};
    const describe = async (row: SessionAccountRow): Promise<Described<Method> | undefined> => {
      const account = await needs.findAccount(row.account_id);
      return account && describeOne<Method>(account, row, live.replaced);
    };
    const missing = async (row: SessionAccountRow): Promise<boolean> =>
      row.methods === 'pwd' && (await needs.secondStepMissing(row.account_id));
    const current = await describe(live.current);
    if (!current) return {};
    const sessionId = live.replaced ? ('' as SessionId) : live.id;
    const whole = await Promise.all(live.others.map(async (row) => ((await missing(row)) ? undefined : describe(row))));
    const others = whole.filter((one) => one !== undefined);
    const here = { sessionId, current, others };
    return (await missing(live.current)) ? { live, settingUp: here } : { live, signedIn: here };
  };

  return {
    /** By the `secret`, or else by the one that the browser sent or was given in this request. */
    read(request: FastifyRequest, secret?: string): Promise<Reading<Method>> {
      const before = secret === undefined ? known.get(request) : undefined;
      if (before) return before;
      const reading = look(secret ?? request.cookies[request.server.web.cookieName('session')]);
      known.set(request, reading);
      return reading;
    },

    /** After a change: the next reading looks again. */
    forget: (request: FastifyRequest): void => void known.delete(request),
  };
}

function describeOne<Method>(account: Account, row: SessionAccountRow, replaced: boolean): Described<Method> {
  return {
    accountId: account.id,
    email: account.email,
    name: displayName(account),
    methods: row.methods.split(' ') as Method[],
    signedInAt: row.signed_in_at,
    provenAt: replaced ? 0 : row.proven_at,
  };
}

/** Where to come back to after signing in or a proof: the page asked for, or that of the form sent, if it has one. */
export function pageOf({ method, url, server, routeOptions }: FastifyRequest): string {
  const isPage = method === 'GET' || server.hasRoute({ method: 'GET', url: routeOptions.url ?? '' });
  return (isPage ? localPath(url) : undefined) ?? '/';
}
