import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { usable } from '../authenticators/authenticators.ts';
import { AppError } from '../errors.ts';
import type { SignedIn } from '../signin/signin.ts';
import { createMaker } from './passkey-maker.ts';
import { addKeyPage, addPasskeyPage, type Problem, passkeyPage } from './passkey-pages.tsx';
import { registerUpgrade } from './passkey-upgrade.ts';
import type { Changed, SecurityNeeds } from './security-needs.ts';

type Fields = { [name: string]: string | undefined };

/** Passkeys, and security keys as a second step. */
export function registerPasskeys(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  registerAdd(app, needs, changed);
  registerAddKey(app, needs, changed);
  registerOwn(app, needs, changed, 'passkeys');
  registerOwn(app, needs, changed, 'keys');
  registerUpgrade(app, needs);
}

function registerAdd(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { signin } = needs;
  const maker = createMaker(needs, 'add');
  const show = async (request: FastifyRequest, reply: FastifyReply, owner: SignedIn, error?: string) =>
    reply.page(addPasskeyPage({ page: request.page, options: await maker.options(request, owner), error }));

  app.get('/security/passkeys/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    return owner ? show(request, reply, owner) : reply;
  });

  app.post('/security/passkeys/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const made = await maker.add(request, owner);
    if (made) return changed(request, reply, owner, 'passkeyAdded', made);
    return show(request, reply, owner, request.page.t('security.passkey.failed'));
  });
}

function registerAddKey(app: FastifyInstance, needs: SecurityNeeds, changed: Changed): void {
  const { authenticators, signin } = needs;
  const maker = createMaker(needs, 'add-key');
  const show = async (request: FastifyRequest, reply: FastifyReply, owner: SignedIn, error?: string) => {
    // A second step for a password: without one it would only be in the way.
    const { password } = await authenticators.methodsOf(owner.current.accountId);
    if (!password) return reply.redirect('/security', 303);
    return reply.page(addKeyPage({ page: request.page, options: await maker.options(request, owner), error }));
  };

  app.get('/security/key/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply, { settingUp: true });
    return owner ? show(request, reply, owner) : reply;
  });

  app.post('/security/key/new', async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply, { settingUp: true });
    if (!owner) return reply;
    const { password } = await authenticators.methodsOf(owner.current.accountId);
    const made = password && (await maker.add(request, owner));
    if (made) return changed(request, reply, owner, 'keyAdded', made);
    return show(request, reply, owner, request.page.t('security.key.failed'));
  });
}

/** One credential: its name, whether it counts, and its end. */
function registerOwn(app: FastifyInstance, needs: SecurityNeeds, changed: Changed, kind: 'passkeys' | 'keys'): void {
  const { authenticators, signin } = needs;
  const list = kind === 'keys' ? authenticators.listKeys : authenticators.listPasskeys;
  const removed = kind === 'keys' ? 'keyRemoved' : 'passkeyRemoved';

  const findOwn = async ({ current }: SignedIn, request: FastifyRequest) => {
    const { id } = request.params as { id: string };
    const passkey = (await list(current.accountId)).find((one) => one.id === id);
    if (!passkey) throw new AppError('not_found', 'There is no such passkey.');
    return passkey;
  };
  const show = async (request: FastifyRequest, reply: FastifyReply, owner: SignedIn, error?: Problem) => {
    const { accountId } = owner.current;
    const passkey = await findOwn(owner, request);
    const methods = await authenticators.methodsOf(accountId);
    const confirm = { purpose: 'confirm' as const, browserId: request.browserId, accountId };
    const options =
      passkey.confirmed || passkey.suspendedAt !== undefined || kind === 'keys'
        ? undefined
        : await authenticators.passkeys.requestOptions(confirm);
    return reply.page(passkeyPage({ page: request.page, kind, passkey, methods, confirm: options, error }));
  };

  app.get(`/security/${kind}/:id`, async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    return owner ? show(request, reply, owner) : reply;
  });

  app.post(`/security/${kind}/:id`, async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const { t } = request.page;
    const { id } = await findOwn(owner, request);
    const { action, name = '', sure, credential = '' } = request.body as Fields;
    if (action === 'rename') {
      await authenticators.renamePasskey(accountId, id, name);
      return reply.redirect('/security', 303);
    }
    if (action === 'resume') {
      if (await authenticators.resume(accountId, { credential: id }))
        return changed(request, reply, owner, kind === 'keys' ? 'keyResumed' : 'passkeyResumed', id);
      return reply.redirect('/security', 303);
    }
    if (action === 'remove') {
      // G20: what no page of a stranger can be given is worth a second thought.
      const { passkeys, keys } = usable(await authenticators.methodsOf(accountId));
      const { confirmed, suspendedAt } = await findOwn(owner, request);
      const guards = suspendedAt === undefined && (confirmed || kind === 'keys');
      const lastGuard = guards && passkeys + keys === 1;
      if (lastGuard && sure !== 'yes')
        return show(request, reply, owner, { field: 'sure', text: t('security.passkey.notSure') });
      if (await authenticators.removePasskey(accountId, id)) return changed(request, reply, owner, removed);
      const mayGo = kind === 'keys' ? await authenticators.secondStepMayGo(accountId, id) : 'yes';
      const key = mayGo === 'yes' ? 'security.passkey.last' : `security.stays.${mayGo}`;
      return show(request, reply, owner, { text: t(key) });
    }
    // G6: the fresh proof before this page was by another factor, for this one cannot prove anything yet.
    const answer = { purpose: 'confirm' as const, browserId: request.browserId, accountId, credential };
    const proven = await authenticators.passkeys.verifyRequest(answer);
    const confirmed = proven?.credentialId === id && (await authenticators.confirmPasskey(accountId, id));
    if (!confirmed) return show(request, reply, owner, { text: t('security.passkey.notConfirmed') });
    return changed(request, reply, owner, 'passkeyAdded', id);
  });
}
