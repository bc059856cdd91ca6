import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Addresses } from '../addresses/addresses.ts';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Places } from '../drivers/places/places.ts';
import type { AccountId, SessionId } from '../ids.ts';
import type { SignedIn, Signin } from '../signin/signin.ts';
import type { Change, Undoable } from './security-mail.ts';

export type SecurityNeeds = {
  authenticators: Authenticators;
  tell: Addresses['tell'];
  signin: Signin;
  places: Places;
  userIdOf(accountId: AccountId): Promise<string | undefined>;
  /** Notes who changed what, and gives the path of the page that takes it back (fault A2). */
  undoable: Undoable;
  /** Whoever is about to get in without the password, and has proven something for it, begins anew. */
  endRecoveries(accountId: AccountId, by: SessionId): Promise<void>;
};

/** After a change is made: tells the owner, and shows what counts now. */
export type Changed = (
  request: FastifyRequest,
  reply: FastifyReply,
  owner: SignedIn,
  change: Change,
  ref?: string,
) => Promise<FastifyReply>;
