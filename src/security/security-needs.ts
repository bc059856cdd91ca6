import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Places } from '../drivers/places/places.ts';
import type { AccountId } from '../ids.ts';
import type { SignedIn, Signin } from '../signin/signin.ts';
import type { Change } from './security-mail.ts';

export type SecurityNeeds = {
  authenticators: Authenticators;
  tell: Addresses['tell'];
  signin: Signin;
  places: Places;
  userIdOf(accountId: AccountId): Promise<string | undefined>;
  /** Whoever is about to get in without the password, and has proven something for it, begins anew. */
  endRecoveries(accountId: AccountId): Promise<void>;
};

/** After a change is made: tells the owner, and shows what counts now. */
export type Changed = (
  request: FastifyRequest,
  reply: FastifyReply,
  owner: SignedIn,
  change: Change,
) => Promise<FastifyReply>;
