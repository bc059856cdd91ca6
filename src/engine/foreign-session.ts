import type { FastifyRequest } from 'fastify';
import type { Engine } from './engine.ts';
import { engineSessionCookie } from './provider-configuration.ts';

type Needs = {
  engine: Pick<Engine, 'accountOfSession'>;
  currentAccount(request: FastifyRequest): Promise<string | undefined>;
};

/**
 * Our session says who is signed in (decision 6). The engine's, when it is another account's or has outlived ours, would
 * answer for the wrong person or for nobody: the engine does not get to see its cookie.
 */
export async function hideForeignSession(request: FastifyRequest, { engine, currentAccount }: Needs): Promise<void> {
  const session = request.cookies[engineSessionCookie];
  if (!session) return;
  const account = await engine.accountOfSession(session);
  if (account !== undefined && account === (await currentAccount(request))) return;
  const { headers } = request.raw;
  headers.cookie = headers.cookie
    ?.split(';')
    .filter((pair) => pair.trim().split('=', 1)[0] !== engineSessionCookie)
    .join(';');
}
