import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normaliseEmail } from '../email.ts';
import { mostAddresses } from './addresses.ts';
import type { AddressesNeeds, Ask, Owner } from './asking.ts';
import type { Purpose } from './confirmations-store.ts';
import { newAddressPage } from './new-pages.tsx';
import { parsePhone } from './phone.ts';

const paths: Record<Purpose, string> = {
  email: '/security/addresses/email/new',
  phone: '/security/addresses/phone/new',
  own: '/security/email',
};

/** A value to send a code to, or the key of a message that says what is wrong with it. */
type Read = { value: string; error?: never } | { value?: never; error: string };

/** Where an address is typed: another e-mail address, a phone number, a new own address. */
export function registerNew(app: FastifyInstance, needs: AddressesNeeds, ask: Ask): void {
  const { addresses } = needs;

  const read = async (request: FastifyRequest, { current }: Owner, purpose: Purpose): Promise<Read> => {
    const { email = '', phone = '' } = request.body as { email?: string; phone?: string };
    const typed = purpose === 'phone' ? phone : email;
    const kind = purpose === 'phone' ? 'phone' : 'email';
    if (typed.trim() === '') return { error: `addresses.${kind}.missing` };
    const value = kind === 'phone' ? parsePhone(typed, needs.countryOf(request)) : normaliseEmail(typed);
    if (!value) return { error: `addresses.${kind}.malformed` };
    if (kind === 'phone' && !addresses.canText(value)) return { error: 'addresses.phone.country' };
    if (value === current.email) return { error: `addresses.${purpose}.same` };
    const listed = await addresses.list(current.accountId);
    if (purpose !== 'own' && listed.some((one) => one.kind === kind && one.value === value))
      return { error: `addresses.${kind}.listed` };
    return { value };
  };

  const hasRoom = async ({ current }: Owner, purpose: Purpose): Promise<boolean> => {
    if (purpose === 'own') return true;
    if (purpose === 'phone' && !addresses.texts) return false;
    return (await addresses.list(current.accountId)).filter(({ kind }) => kind === purpose).length < mostAddresses;
  };

  for (const purpose of ['email', 'phone', 'own'] as const) {
    const show = (request: FastifyRequest, reply: FastifyReply, owner: Owner, typed?: string, error?: string) => {
      const { page } = request;
      const own = owner.current.email;
      return reply.page(newAddressPage({ page, purpose, action: paths[purpose], own, typed, error }));
    };

    app.get(paths[purpose], async (request, reply) => {
      const owner = await needs.requireFreshProof(request, reply);
      if (!owner) return reply;
      return (await hasRoom(owner, purpose)) ? show(request, reply, owner) : reply.redirect('/security/addresses', 303);
    });

    app.post(paths[purpose], async (request, reply) => {
      const owner = await needs.requireFreshProof(request, reply);
      if (!owner) return reply;
      if (!(await hasRoom(owner, purpose))) return reply.redirect('/security/addresses', 303);
      const found = await read(request, owner, purpose);
      const asked = found.value === undefined ? found : await ask(request, owner, purpose, found.value);
      if (asked.error === undefined) return reply.redirect(`/security/addresses/confirm/${asked.id}`, 303);
      const { email, phone } = request.body as { email?: string; phone?: string };
      return show(request, reply, owner, (email ?? phone)?.slice(0, 254), request.page.t(asked.error));
    });
  }
}
