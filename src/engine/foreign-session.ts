import type { FastifyRequest } from 'fastify';
import type { Engine } from './engine.ts';
import { engineSessionCookie } from './provider-configuration.ts';

type Needs = {
  engine: Pick<Engine, 'accountOfSession'>;
  currentAccount(request: FastifyRequest): Promise<{ accountId: string; since: number } | undefined>;
};

/**
 * Our session says who is signed in (decision 6). The engine's, when it is another account's or has outlived ours, would
 * answer for the wrong person, for nobody, or for a stronger sign-in than the last: the engine does not get its cookie.
 */
export async function hideForeignSession(request: FastifyRequest, { engine, currentAccount }: Needs): Promise<void> {
  const session = request.cookies[engineSessionCookie];
  if (!session) return;
  const [theirs, ours] = await Promise.all([engine.accountOfSession(session), currentAccount(request)]);
  // The engine counts whole seconds.
  const oneAccount = theirs && ours && theirs.accountId === ours.accountId;
  if (oneAccount && theirs.since > ours.since - 1000) return;
  const { headers } = request.raw;
  headers.cookie = headers.cookie
    ?.split(';')
    .filter((pair) => pair.trim().split('=', 1)[0] !== engineSessionCookie)
    .join(';');
}
