import type { FastifyReply, FastifyRequest } from 'fastify';
import { minutes } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import { secondPress } from './sessions.ts';
import type { AfterSignIn, Signin } from './signin.ts';
import type { Method, SecondStep } from './strength.ts';

/**
 * What one factor was right for, in this browser, for ten minutes: `pwd` waits for its second step, `key` for the
 * password (E27). `credentialId` is of the passkey that the password will vouch for.
 */
export type Halfway = { accountId: AccountId; email: string; method: 'pwd' | 'key'; credentialId?: string };

/** `since` tells one password of an account from the next. */
type Kept = Halfway & { since?: number | undefined };

const halfwayFor = minutes(10);

export type WayIn = ReturnType<typeof createWayIn>;

/** What the steps of signing in leave for one another, and the end that all of them come to. */
export function createWayIn(needs: { signin: Signin; ephemeral: Ephemeral; afterSignIn: AfterSignIn }) {
  const { signin, ephemeral, afterSignIn } = needs;
  const key = (request: FastifyRequest): string => `signin-halfway:${request.browserId}`;

  /** Where an account goes that is signed in: on, or first to what its operator wants it to have. */
  const onwards = async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const session = await signin.read(request);
    return session ? afterSignIn({ request, reply, session }) : '/signin/setup';
  };

  return {
    onwards,

    async halfway(request: FastifyRequest, method: Halfway['method']): Promise<Halfway | undefined> {
      const kept = await ephemeral.get(key(request));
      const halfway = kept === undefined ? undefined : (JSON.parse(kept) as Kept);
      if (halfway?.method !== method) return undefined;
      // What was right has been changed or switched off since: whoever knew it is to know the new one.
      if (method === 'pwd' && halfway.since !== (await signin.passwordSince(halfway.accountId))) return undefined;
      return halfway;
    },

    async keepHalfway(request: FastifyRequest, halfway: Halfway): Promise<void> {
      const kept: Kept = { ...halfway, since: await signin.passwordSince(halfway.accountId) };
      await ephemeral.set(key(request), JSON.stringify(kept), halfwayFor);
    },

    /** Starts the session, by a passkey if one is named; where to go from here. */
    async finish(
      request: FastifyRequest,
      reply: FastifyReply,
      accountId: AccountId,
      methods: Method[],
      credential?: string,
    ): Promise<string> {
      await ephemeral.remove(key(request));
      await signin.start(request, accountId, methods, { credential });
      const { email: _done, ...flow } = readFlow(request);
      writeFlow(reply, flow);
      return onwards(request, reply);
    },

    /**
     * A form that came without what the steps before it left: too late, or pressed twice. Then the first press has signed
     * them in, and they go where it went.
     */
    async astray(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      const session = request.signedIn;
      const pressedTwice = session && request.server.web.clock.now() - session.current.signedInAt <= secondPress;
      return reply.redirect(pressedTwice ? await afterSignIn({ request, reply, session }) : '/signin', 303);
    },
  };
}

export const pathOf: Record<SecondStep, string> = {
  code: '/signin/code',
  key: '/signin/key',
  recovery: '/signin/recovery-code',
};

/** The words of a failure; waiting has a page of its own with the clock time. */
export function wordsFor(request: FastifyRequest, { error, retryAt }: { error: string; retryAt?: number }): string {
  if (retryAt !== undefined) throw new AppError('too_many_tries', 'Signing in is throttled.', { retryAt });
  return request.page.t(error);
}
