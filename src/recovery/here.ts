import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticators } from '../authenticators/authenticators.ts';
import type { Clock } from '../clock.ts';
import type { Places } from '../drivers/places/places.ts';
import type { AccountId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import type { Signin } from '../signin/signin.ts';
import type { Attempt, From } from './attempt.ts';
import type { Belonging } from './belongings.ts';
import type { Thing } from './lost-things.ts';
import type { Recovery } from './recovery.ts';
import type { Sending } from './sending.ts';

export type RecoveryPageNeeds = {
  recovery: Recovery;
  sending: Sending;
  signin: Pick<Signin, 'here' | 'read' | 'remembered' | 'requireSignedIn'>;
  authenticators: Pick<Authenticators, 'checkPassword' | 'hashPassword' | 'passwordMinimum'> & {
    passkeys: Pick<Authenticators['passkeys'], 'creationOptions' | 'verifyCreation'>;
  };
  /** What opens the account, for the end of an attempt. */
  belongings(attempt: Attempt): Promise<Belonging[]>;
  userIdOf(accountId: AccountId): Promise<string | undefined>;
  clock: Clock;
  limits: Limits;
  places: Places;
  mailbox?: string | undefined;
  textbox?: string | undefined;
  /** Tells the owner what was reported lost. */
  tellLost(accountId: AccountId, from: From, lost: readonly Thing[]): Promise<void>;
};

/** Every page of an attempt, and the attempt itself, is looked up by the browser's own name: 128 bits in a cookie. */
export type Here = {
  from(request: FastifyRequest): From;
  /** The attempt of this browser, or undefined after answering with a redirect to the start. */
  require(request: FastifyRequest, reply: FastifyReply): Promise<Attempt | undefined>;
};
