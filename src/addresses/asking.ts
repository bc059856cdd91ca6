import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Mail } from '../drivers/mail/mail.ts';
import { AppError } from '../errors.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import type { Live } from '../web/live.ts';
import { type Addresses, maskAddress } from './addresses.ts';
import { confirmMail, takenMail } from './addresses-mail.tsx';
import type { Asker } from './confirmations.ts';
import type { Purpose } from './confirmations-store.ts';
import { textWithCode } from './texts.ts';

export type Owner = { sessionId: SessionId; current: { accountId: AccountId; email: string } };

export type AddressesNeeds = {
  addresses: Addresses;
  mail: Mail;
  live: Live;
  /** Where mails and texts can be read on a developer's own machine, where none is sent. */
  mailbox?: string | undefined;
  textbox?: string | undefined;
  findAccount(id: AccountId): Promise<{ email: string } | undefined>;
  findByEmail(email: string): Promise<{ id: AccountId } | undefined>;
  /** The country a request comes from, where the operator's proxy says so; or the one whose numbers alone are texted. */
  countryOf(request: FastifyRequest): string | undefined;
  signedIn(request: FastifyRequest): Owner | undefined;
  /** Undefined after it has answered with the way to sign in. */
  requireSignedIn(request: FastifyRequest, reply: FastifyReply): Promise<Owner | undefined>;
  /** Undefined after it has answered with the way to prove it is them (E38). */
  requireFreshProof(request: FastifyRequest, reply: FastifyReply): Promise<Owner | undefined>;
  /** Signs the account out everywhere but in this browser. */
  endOtherSessions(request: FastifyRequest, undone: { accountId: AccountId; id: string }): Promise<void>;
};

/** The id of what now waits for its code, or the key of a message that says why nothing was sent. */
export type Asked = { id: string; error?: never } | { id?: never; error: string };

export type Ask = (request: FastifyRequest, owner: Owner, purpose: Purpose, value: string) => Promise<Asked>;

export function askerOf({ sessionId, current }: Owner): Asker {
  return { accountId: current.accountId, sessionId };
}

/** Sends a code to an address, so that whoever asked can show that it is theirs. */
export function createAsk({ addresses, mail, findByEmail }: AddressesNeeds): Ask {
  const sendText = async (request: FastifyRequest, to: string, code: string): Promise<string | undefined> => {
    const text = textWithCode(request.page.t('addresses.text.code', { code }), request.server.web.issuer, code);
    const result = await addresses.sendText(to, text, { network: networkOf(request.ip) });
    return result === 'sent' ? undefined : `addresses.phone.${result}`;
  };

  return async (request, owner, purpose, value) => {
    const asker = askerOf(owner);
    // Before anything that costs money or fills a stranger's mailbox (E24, F21).
    const allowed = await addresses.confirmations.allow(asker.accountId, value, networkOf(request.ip));
    if (!allowed.allowed) throw new AppError('too_many_tries', 'Too many codes were asked for.', allowed);
    // F5: the same work for every address, and one mail either way.
    const [holder, kept] = await Promise.all([findByEmail(value), addresses.isKept(value, asker.accountId)]);
    const dead = purpose === 'own' && (kept || holder !== undefined);
    const { id, code, linkToken } = await addresses.confirmations.begin(asker, { purpose, value, dead });
    if (purpose === 'phone') {
      const error = await sendText(request, value, code);
      return error ? { error } : { id };
    }
    const { issuer } = request.server.web;
    const email = maskAddress({ kind: 'email', value: owner.current.email });
    const reader = { ...request.page, issuer, email };
    const link = `${issuer}/security/addresses/link/${linkToken}`;
    const words = dead ? takenMail(reader) : confirmMail(reader, purpose, code, link);
    await mail.send({ ...words, to: value }).catch((cause) => {
      throw new AppError('unavailable', 'The mail could not be handed over.', { cause });
    });
    return { id };
  };
}
