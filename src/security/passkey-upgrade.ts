import type { FastifyInstance, FastifyRequest } from 'fastify';
import { minutes } from '../clock.ts';
import type { SignedIn } from '../signin/signin.ts';
import { createMaker } from './passkey-maker.ts';
import { tellChange } from './security-mail.ts';
import type { SecurityNeeds } from './security-needs.ts';

/** Where people come to after signing in, with nothing to finish first. */
const landings = ['/devices', '/account', '/security'];
/** How long after the password the browser still counts it as fresh enough (WebAuthn §5.1.3). */
const freshFor = minutes(2);

/** G13: after a password the browser may make a passkey by itself. It counts for nothing until its owner confirms it. */
export function registerUpgrade(app: FastifyInstance, needs: SecurityNeeds): void {
  const { authenticators, signin } = needs;
  const maker = createMaker(needs, 'upgrade');

  /** Never after a recovery code, nor after another passkey; the store knows of a password reset a moment ago. */
  const mayUpgrade = async (request: FastifyRequest, owner: SignedIn | undefined): Promise<boolean> => {
    if (!owner || !request.page.passkeys) return false;
    const { methods, signedInAt, accountId } = owner.current;
    const typed = methods.every((method) => method === 'pwd' || method === 'otp') && methods.includes('pwd');
    const fresh = Math.abs(request.server.web.clock.now() - signedInAt) <= freshFor;
    return typed && fresh && signin.hasFreshProof(owner) && (await authenticators.mayUpgrade(accountId));
  };

  app.addHook('preHandler', async (request) => {
    const path = request.url.split('?')[0] ?? '';
    if (request.method !== 'GET' || !landings.includes(path)) return;
    if (await mayUpgrade(request, request.signedIn)) request.page = { ...request.page, passkeyUpgrade: true };
  });

  /** Without a credential it answers with options; 204 says that there is nothing to do. */
  app.post('/security/passkeys/upgrade', async (request, reply) => {
    const owner = await signin.read(request);
    if (!owner || !(await mayUpgrade(request, owner))) return reply.code(204).send();
    const { credential } = request.body as { credential?: string };
    if (!credential) return reply.send(await maker.options(request, owner));
    const made = await maker.add(request, owner);
    if (made) await tellChange(needs, request, owner, 'passkeyMade', made);
    return reply.code(204).send();
  });
}
