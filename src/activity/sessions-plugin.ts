import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { SessionId } from '../ids.ts';
import type { Signin } from '../signin/signin.ts';
import { sessionsPage } from './sessions-pages.tsx';

export type SessionsNeeds = {
  journal: Pick<Journal, 'append'>;
  clock: Clock;
  signin: Pick<
    Signin,
    'requireSignedIn' | 'requireFreshProof' | 'sessionsOf' | 'endSession' | 'endSessionsOf' | 'distrust'
  >;
};

/** Where the account is signed in; one press ends any of it, after a fresh proof (F10, E38). */
export function registerSessions(app: FastifyInstance, { signin, journal, clock }: SessionsNeeds): void {
  app.get('/sessions', async (request, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    const { ended } = request.query as { ended?: unknown };
    const sessions = await signin.sessionsOf(signedIn.current.accountId);
    const current = signedIn.sessionId;
    const isCurrent = ({ sessionId }: { sessionId: string }) => sessionId === current;
    return reply.page(
      sessionsPage({
        page: request.page,
        sessions: [...sessions.filter(isCurrent), ...sessions.filter((session) => !isCurrent(session))],
        current,
        now: clock.now(),
        ended: ended === 'one' || ended === 'others' ? ended : undefined,
      }),
    );
  });

  app.post('/sessions', async (request, reply) => {
    const signedIn = await signin.requireFreshProof(request, reply);
    if (!signedIn) return reply;
    const { accountId } = signedIn.current;
    const { action, session = '' } = (request.body ?? {}) as Record<string, string | undefined>;
    if (action === 'others') {
      const count = (await signin.sessionsOf(accountId)).length - 1;
      await signin.endSessionsOf(accountId, signedIn.sessionId, signedIn.sessionId);
      await signin.distrust(accountId, request.browserId, signedIn.sessionId);
      if (count > 0) await journal.append({ type: 'session_ended', accountId, data: { sessions: count } });
      return reply.redirect('/sessions?ended=others', 303);
    }
    const ended = await signin.endSession(accountId, session as SessionId);
    return reply.redirect(ended ? '/sessions?ended=one' : '/sessions', 303);
  });
}
