import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Client } from '../clients/clients.ts';
import { normaliseEmail } from '../email.ts';
import type { Engine } from '../engine/engine.ts';
import { leave } from '../security/leaving.ts';
import type { SignedIn, SignedInAccount, Signin } from '../signin/signin.ts';
import { leavesByPage } from '../web/page.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { problemPage } from './apps-pages.tsx';
import { goBackPage } from './form-post-pages.tsx';
import { signOutOfAppPage } from './sign-out-pages.tsx';
import { type Refused, readSignOutRequest, type SignOutRequest } from './sign-out-request.ts';

type Needs = { engine: Engine; signin: Pick<Signin, 'here' | 'signOut'> };
type Answer = { request?: string; account?: string; answer?: string };

/**
 * OpenID Connect RP-Initiated Logout 1.0: an app sends a person here to sign out, and has them back afterwards.
 *
 * The person is asked whatever the app gives (§2 leaves it open with a hint): every app they ever signed in to holds an
 * ID token of theirs, which travels in addresses and logs, and with it any page could sign them out of everything (C34).
 */
export function createSignOutPlugin({ engine, signin }: Needs) {
  const read = (query: string) => readSignOutRequest(query, { engine, clients: engine.clients });

  /** Whoever is signed in here, or all but for a second step that is to be set up: that, too, must end. */
  const whoIsHere = async (request: FastifyRequest): Promise<{ here: SignedIn | undefined; isHalfWay: boolean }> => {
    const { signedIn, settingUp, half } = await signin.here(request);
    return { here: signedIn ?? settingUp, isHalfWay: half !== undefined };
  };

  return async (app: FastifyInstance): Promise<void> => {
    // A POST of another site arrives here as GET (engine-plugin.ts).
    app.get('/session/end', async (request, reply) => {
      const query = request.url.split('?')[1] ?? '';
      const asked = await read(query);
      if ('error' in asked) return refuse(request, reply, asked);
      const { app: client, returnTo } = asked;
      const { here, isHalfWay } = await whoIsHere(request);
      // A password was right, and its second step waits: our own page ends that, which nobody is signed in by yet (fault
      // A4).
      if (!here && !isHalfWay && returnTo !== undefined) return reply.redirect(returnTo, 303);
      if (!here || !client) return reply.redirect(inTheirWords('/signout', query), 303);
      const { account, meansAnother } = whoLeaves(here, asked);
      const others = here.others.length;
      const appName = client.name;
      return reply.page(signOutOfAppPage(request.page, { appName, account, others, meansAnother, returnTo, query }));
    });

    // Names the account it is about, and asks anew if that has left.
    app.post<{ Body: Answer }>('/session/end/answer', actsForNobody, async (request, reply) => {
      const { request: query = '', account, answer } = request.body;
      // Read anew: what the form brings back is no more to be trusted than the address it came from.
      const asked = await read(query);
      if ('error' in asked) return refuse(request, reply, asked);
      const { here } = await whoIsHere(request);
      const leaving = here && [here.current, ...here.others].find(({ accountId }) => accountId === account);
      // Whom the question was about has signed out meanwhile, in another tab: where others are, they are asked anew.
      if (answer === 'leave' && here && !leaving) return reply.redirect(`/session/end?${query}`, 303);
      if (answer === 'leave' && leaving) await leave(signin, request, reply, leaving.accountId);
      if (asked.returnTo !== undefined) return goBack(request, reply, asked.app, asked.returnTo);
      if (answer !== 'leave') return reply.redirect('/account', 303);
      return reply.redirect(request.signedIn ? '/accounts' : inTheirWords('/signout', query), 303);
    });
  };
}

function refuse({ page, signedIn }: FastifyRequest, reply: FastifyReply, { error, detail }: Refused): FastifyReply {
  return reply.page(problemPage(page, { error, detail, signOut: signedIn !== undefined }));
}

function goBack(request: FastifyRequest, reply: FastifyReply, app: Client | undefined, to: string): FastifyReply {
  if (!leavesByPage(request.headers, to)) return reply.redirect(to, 303);
  return reply.page(goBackPage(request.page, { appName: app?.name ?? '', to }));
}

/** The account that the app means, if it is signed in here; else the one in use. */
function whoLeaves(
  { current, others }: SignedIn,
  { hinted, named }: SignOutRequest,
): { account: SignedInAccount; meansAnother: boolean } {
  const address = named === undefined ? undefined : normaliseEmail(named);
  const isMeant = ({ accountId, email }: SignedInAccount): boolean =>
    hinted === undefined ? address === email || named === accountId : accountId === hinted;
  const meant = [current, ...others].find(isMeant);
  return { account: meant ?? current, meansAnother: (hinted ?? named) !== undefined && !meant };
}

/** The page in the languages the app asked for. */
function inTheirWords(path: string, query: string): string {
  const wanted = new URLSearchParams(query).get('ui_locales');
  return wanted ? `${path}?${new URLSearchParams({ ui_locales: wanted })}` : path;
}
