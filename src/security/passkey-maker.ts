import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { SignedIn } from '../signin/signin.ts';
import type { SecurityNeeds } from './security-needs.ts';

/** Both halves of making a credential for whoever is signed in. */
export function createMaker({ authenticators, userIdOf }: SecurityNeeds, purpose: 'add' | 'add-key' | 'upgrade') {
  return {
    async options(request: FastifyRequest, { current }: SignedIn): Promise<object> {
      if (!request.page.passkeys) throw new AppError('not_found', 'No browser makes passkeys here.');
      const { accountId, email } = current;
      const userId = await userIdOf(accountId);
      if (!userId) throw new AppError('not_found', 'The account is gone.');
      const ask = { purpose, browserId: request.browserId, email, userId, accountId };
      return authenticators.passkeys.creationOptions(ask);
    },

    /** The id of the credential; undefined if it is none, or is somebody's already. */
    async add(request: FastifyRequest, { current }: SignedIn): Promise<string | undefined> {
      const { credential = '', name = '' } = request.body as { credential?: string; name?: string };
      const made = await authenticators.passkeys.verifyCreation({
        ...{ purpose, credential, name },
        browserId: request.browserId,
        userAgent: request.headers['user-agent'],
      });
      // The challenge was made for one account; another tab may have switched to a different one since.
      const forThisAccount = made && made.userId === (await userIdOf(current.accountId));
      const added = forThisAccount && (await authenticators.addPasskey(current.accountId, made.passkey));
      return added ? made.passkey.credential_id : undefined;
    },
  };
}
