import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Activity } from '../activity/activity.ts';
import { days } from '../clock.ts';
import { cleanText } from '../devices/device-text.ts';
import { normaliseEmail } from '../email.ts';
import type { SignedIn } from '../signin/signin.ts';
import { locales } from '../web/messages.ts';
import { checkupDonePage, checkupPage, checkupSteps } from './checkup-pages.tsx';
import { closedPage, closePage, closingPage } from './closing-pages.tsx';
import type { Home } from './home.ts';
import { homePage } from './home-pages.tsx';
import { profilePage } from './profile-pages.tsx';

export type HomePluginNeeds = {
  home: Home;
  requireSignedIn(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  requireFreshProof(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  activity: Pick<Activity, 'recent'>;
};

type Fields = { [name: string]: string | undefined };

const longestName = 60;
/** Rows on the home page and in the check-up. */
const fewRows = 3;
const someRows = 10;

/** The account as a whole: home, check-up, profile, export, closing. */
export async function homePlugin(app: FastifyInstance, needs: HomePluginNeeds): Promise<void> {
  const { home } = needs;

  app.get('/account', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { page } = request;
    const { accountId } = owner.current;
    const [overview, activity] = await Promise.all([
      home.overview(accountId),
      needs.activity.recent(accountId, fewRows),
    ]);
    return reply.page(homePage({ page, overview, activity, now: home.now() }));
  });

  registerCheckup(app, needs);
  registerProfile(app, needs);
  registerClosing(app, needs);
}

function registerCheckup(app: FastifyInstance, needs: HomePluginNeeds): void {
  const { home } = needs;
  const stepOf = (request: FastifyRequest) =>
    checkupSteps.find((step) => step === (request.params as { step?: string }).step);

  app.get('/checkup', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    return owner ? reply.redirect(`/checkup/${checkupSteps[0]}`, 303) : reply;
  });

  app.get('/checkup/done', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    return reply.page(checkupDonePage({ page: request.page, overview: await home.overview(owner.current.accountId) }));
  });

  app.get('/checkup/:step', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const step = stepOf(request);
    if (!step) return reply.callNotFound();
    const { page } = request;
    const { accountId } = owner.current;
    const activity = step === 'activity' ? await needs.activity.recent(accountId, someRows) : [];
    return reply.page(checkupPage({ page, step, overview: await home.overview(accountId), activity, now: home.now() }));
  });

  app.post('/checkup/:step', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const step = stepOf(request);
    if (!step) return reply.callNotFound();
    const next = checkupSteps[checkupSteps.indexOf(step) + 1];
    if (next === undefined) await home.checkedUp(owner.current.accountId);
    return reply.redirect(`/checkup/${next ?? 'done'}`, 303);
  });
}

function registerProfile(app: FastifyInstance, needs: HomePluginNeeds): void {
  const { home } = needs;

  app.get('/profile', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { account } = await home.overview(owner.current.accountId);
    const saved = (request.query as { saved?: unknown }).saved !== undefined;
    return reply.page(profilePage({ page: request.page, account, saved }));
  });

  app.post('/profile', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const { name = '', locale, theme } = request.body as Fields;
    const { accountId } = owner.current;
    // Shown to apps and in mails: no control or direction characters (F15).
    await home.rename(accountId, cleanText(name, longestName));
    const chosen = locales.find((known) => known === locale);
    const { cookieName, cookieOptions } = request.server.web;
    if (chosen) {
      await home.setLocale(accountId, chosen);
      reply.setCookie(cookieName('locale'), chosen, cookieOptions(days(365)));
    }
    if (theme === 'light' || theme === 'dark') reply.setCookie(cookieName('theme'), theme, cookieOptions(days(365)));
    if (theme === 'auto') reply.clearCookie(cookieName('theme'), cookieOptions());
    return reply.redirect('/profile?saved', 303);
  });

  // A form, because it is recorded, and because a link could be pressed for somebody (F16).
  app.post('/profile/export', async (request, reply) => {
    const owner = await needs.requireFreshProof(request, reply);
    if (!owner) return reply;
    const document = await home.export(owner.current.accountId);
    const day = new Date(home.now()).toISOString().slice(0, 10);
    return reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="latchkey-account-${day}.json"`)
      .send(`${JSON.stringify(document, null, 2)}\n`);
  });
  // Where the proof leads back to: the form is sent again by its owner.
  app.get('/profile/export', async (request, reply) => {
    const owner = await needs.requireFreshProof(request, reply);
    return owner ? reply.redirect('/profile#export', 303) : reply;
  });
}

function registerClosing(app: FastifyInstance, needs: HomePluginNeeds): void {
  const { home } = needs;

  app.get('/profile/close', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    const overview = await home.overview(owner.current.accountId);
    const { closingAt } = overview.account;
    if (closingAt !== undefined) return reply.page(closingPage({ page: request.page, closingAt }));
    if (!(await needs.requireFreshProof(request, reply))) return reply;
    return reply.page(closePage({ page: request.page, overview }));
  });

  app.post('/profile/close', async (request, reply) => {
    const owner = await needs.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { page } = request;
    const overview = await home.overview(owner.current.accountId);
    const { email = '' } = request.body as Fields;
    if (normaliseEmail(email) !== overview.account.email) {
      return reply.page(closePage({ page, overview, error: page.t('home.close.wrongEmail') }));
    }
    await home.closing.begin(owner.current.accountId, owner.sessionId);
    return reply.redirect('/profile/closed', 303);
  });

  /** They are signed out by now: it says what holds for anybody. */
  app.get('/profile/closed', (request, reply) => reply.page(closedPage(request.page)));

  app.post('/profile/keep', async (request, reply) => {
    const owner = await needs.requireSignedIn(request, reply);
    if (!owner) return reply;
    await home.closing.keep(owner.current.accountId);
    return reply.redirect('/account', 303);
  });
}
