import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import type { Failure } from './proof.ts';
import { secondPress } from './sessions.ts';
import type { AfterSignIn, Signin } from './signin.ts';
import type { Method, SecondStep } from './strength.ts';

export type WayIn = ReturnType<typeof createWayIn>;

/** What the steps of signing in leave for one another, and the end that all of them come to. */
export function createWayIn(needs: { signin: Signin; afterSignIn: AfterSignIn }) {
  const { signin, afterSignIn } = needs;

  /** Where an account goes that is signed in: on, or first to what its operator wants it to have. */
  const onwards = async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const session = await signin.read(request);
    return session ? afterSignIn({ request, reply, session }) : '/signin/setup';
  };

  return {
    onwards,

    /** Starts the session, by a passkey if one is named; where to go from here. */
    async finish(
      request: FastifyRequest,
      reply: FastifyReply,
      accountId: AccountId,
      methods: Method[],
      credential?: string,
    ): Promise<string> {
      await signin.endHalfway(request);
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
export function wordsFor(request: FastifyRequest, { error, retryAt, way }: Failure): string {
  if (retryAt !== undefined) throw new AppError('too_many_tries', 'Signing in is throttled.', { retryAt, way });
  return request.page.t(error);
}
