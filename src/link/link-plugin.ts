import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Places } from '../drivers/places/places.ts';
import type { LinkId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import { proofError } from '../signin/proof-form.tsx';
import type { AfterSignIn, SignedIn, Signin } from '../signin/signin.ts';
import { readFlow, writeFlow } from '../web/flow.ts';
import type { Live } from '../web/live.ts';
import type { Page } from '../web/page.ts';
import { mayBeginSignedOut } from '../web/shown-for.ts';
import { acrAsked } from './asked.ts';
import type { ClaimResult, Link, PersonsRequest, Review } from './link.ts';
import { type CodeProblem, enterCodePage, scannedCodePage, tooManyTriesPage } from './link-entry-pages.tsx';
import { contestedPage, linkedPage, ranOutPage, stoppedPage } from './link-outcome-pages.tsx';
import { lookFirstPage, provePage, reviewPage } from './link-review-pages.tsx';
import { signInStandsIn } from './risk.ts';
import { readUserCode, showUserCode } from './user-code.ts';

type Needs = { link: Link; signin: Signin; clock: Clock; places: Places; live: Live };
type Form = { Body: Record<string, string>; Params: { id: string }; Querystring: Record<string, string> };

/** The pages of a link. Every step returns to `/link/:id`, which shows whatever the request's state asks for. */
export function createLinkPlugin({ link, signin, clock, places, live }: Needs) {
  const sourceOf = (request: FastifyRequest): PersonsRequest => ({
    browserId: request.browserId,
    network: networkOf(request.ip),
    country: places.countryOf(request.headers),
  });

  async function claimTyped(
    request: FastifyRequest,
    reply: FastifyReply,
    signedIn: SignedIn,
    code: string,
  ): Promise<ClaimResult> {
    const result = await link.claim(code, signedIn.current, sourceOf(request));
    // Kept while it is reviewed, so that changing the account does not mean typing it again (mission A6).
    writeFlow(reply, { userCode: code });
    return result;
  }

  /** After signing in or creating an account: goes on with the code typed before, or undefined if there was none. */
  const resume = async ({ request, reply, session }: Parameters<AfterSignIn>[0]): Promise<string | undefined> => {
    const { userCode } = readFlow(request);
    if (!userCode) return undefined;
    const result = await claimTyped(request, reply, session, userCode);
    if (result.outcome === 'claimed') return `/link/${result.id}`;
    return result.outcome === 'no_such_code' ? '/link?problem=no_such_code' : '/link';
  };

  const plugin = async (app: FastifyInstance): Promise<void> => {
    app.get<Form>('/link', async (request, reply) => {
      const given = readUserCode(request.query.user_code);
      // A code that came with the address was chosen by whoever made the address: it is compared first (A9, A10).
      if ('code' in given) return reply.page(scannedCodePage(request.page, given));
      const { userCode: code } = readFlow(request);
      const problem: CodeProblem | undefined =
        request.query.problem === 'no_such_code' ? { problem: 'no_such_code' } : undefined;
      return reply.page(enterCodePage(request.page, { typed: code && showUserCode(code), problem }));
    });

    app.post<Form>('/link', mayBeginSignedOut, async (request, reply) => {
      const typed = request.body.user_code ?? '';
      const read = readUserCode(typed);
      if ('problem' in read) return reply.page(enterCodePage(request.page, { typed, problem: read }));
      if (!request.signedIn) {
        // Sign-in comes before any look-up: nobody signed out can probe, claim or abort a code (K3, K8).
        writeFlow(reply, { userCode: read.code });
        return reply.redirect('/signin', 303);
      }
      const result = await claimTyped(request, reply, request.signedIn, read.code);
      if (result.outcome === 'claimed') return reply.redirect(`/link/${result.id}`, 303);
      if (result.outcome === 'too_many_tries') {
        reply.header('retry-after', Math.max(1, Math.ceil((result.retryAt - clock.now()) / 1000)));
        return reply.page(tooManyTriesPage(request.page, result));
      }
      const problem = { problem: 'no_such_code' } as const;
      return reply.page(enterCodePage(request.page, { typed: showUserCode(read.code), problem }));
    });

    for (const url of ['/L/:code', '/l/:code']) {
      app.get<{ Params: { code: string } }>(url, async (request, reply) => {
        const read = readUserCode(request.params.code);
        return reply.page(
          'code' in read
            ? scannedCodePage(request.page, read)
            : enterCodePage(request.page, { typed: request.params.code, problem: read }),
        );
      });
    }

    /** The review of the current account, or undefined after sending the person to where they can go on. */
    const reviewed = async (request: FastifyRequest<Form>, reply: FastifyReply): Promise<Review | undefined> => {
      const signedIn = await signin.requireSignedIn(request, reply);
      if (!signedIn) return undefined;
      const review = await link.review(request.params.id as LinkId, signedIn.current.accountId, sourceOf(request));
      if (!review) reply.redirect('/link', 303);
      return review;
    };

    app.get<Form>('/link/:id', async (request, reply) => {
      // Typed behind the address, as on the screen: a code comes before signing in (fault C7).
      const typed = readUserCode(request.params.id);
      if ('code' in typed) return reply.redirect(`/link?user_code=${showUserCode(typed.code)}`, 303);
      if (!isLinkId(request.params.id)) return reply.redirect(`/L/${encodeURIComponent(request.params.id)}`, 303);
      const review = await reviewed(request, reply);
      if (!review) return reply;
      return reply.page(pageFor(request, review, clock.now()));
    });

    app.get<Form>('/link/:id/state', { logLevel: 'warn' }, async (request, reply) => {
      const look = async (): Promise<Review | undefined> => {
        // Looked up each time: a stream must not outlive the session.
        const current = (await signin.readAgain(request))?.current;
        return current && link.review(request.params.id as LinkId, current.accountId, sourceOf(request));
      };
      const topic = (await look())?.topic;
      return live.answer(request, reply, topic ? { topic, state: async () => (await look())?.status } : undefined);
    });

    app.post<Form>('/link/:id', async (request, reply) => {
      const review = await reviewed(request, reply);
      const signedIn = request.signedIn;
      if (!review || !signedIn) return reply;
      const here = `/link/${review.id}`;
      const { accountId } = signedIn.current;
      const { seen, account } = request.body;
      // Sent by somebody, read to them, found on a page: whoever says so has answered the review, too (B38).
      const decision = seen === 'sent' && request.body.decision === 'look' ? 'report' : request.body.decision;
      // Switched in another tab: what was read named another account than the one that would be linked.
      if (account !== undefined && account !== accountId) return reply.redirect(here, 303);

      if (decision === 'decline') await link.decline(review.id, accountId);
      if (decision === 'report') {
        await link.report(review.id, accountId, 'sent_by_someone');
        return reply.redirect(`${here}?reported=yes`, 303);
      }
      if (review.status === 'claimed' && review.risk.level === 'high' && seen !== 'yes' && decision !== 'decline') {
        return reply.page(lookFirstPage(request.page, { review, now: clock.now(), missed: true }));
      }
      if (decision === 'look')
        return reply.page(reviewPage(request.page, { review, now: clock.now(), others: signedIn.others }));
      if (decision === 'approve' && review.status === 'claimed') {
        const proven = signInStandsIn(review.risk) && acrAsked(review.asked, signedIn.current) !== undefined;
        if (!proven || !(await signin.spendProof(signedIn.sessionId, accountId))) {
          writeFlow(reply, { ...readFlow(request), reviewed: review.id });
          return reply.redirect(`${here}/prove`, 303);
        }
        await link.approve(review.id, signedIn.current, signedIn.sessionId);
      }
      writeFlow(reply, {});
      return reply.redirect(here, 303);
    });

    /** The same code for another account of this browser: one press, nothing typed again (mission A6). */
    app.post<Form>('/link/:id/account', async (request, reply) => {
      const review = await reviewed(request, reply);
      if (!review) return reply;
      const read = readUserCode(review.userCode);
      const to = request.signedIn?.others.find(({ accountId }) => accountId === request.body.account);
      if (!to || !('code' in read) || !(await signin.switchTo(request, to.accountId))) {
        return reply.redirect(`/link/${review.id}`, 303);
      }
      const result = await link.claim(read.code, to, sourceOf(request));
      return reply.redirect(result.outcome === 'claimed' ? `/link/${result.id}` : '/link?problem=no_such_code', 303);
    });

    /** What may be proven for: a review that this browser has answered, and not just its address (B78, F20). */
    const answered = async (request: FastifyRequest<Form>, reply: FastifyReply): Promise<Review | undefined> => {
      const review = await reviewed(request, reply);
      if (!review || (review.status === 'claimed' && readFlow(request).reviewed === review.id)) return review;
      reply.redirect(`/link/${review.id}`, 303);
      return undefined;
    };

    app.get<Form>('/link/:id/prove', async (request, reply) => {
      const review = await answered(request, reply);
      if (!review) return reply;
      const options = await signin.proofOptions(request, review.asked.acr);
      return reply.page(provePage(request.page, { review, options, now: clock.now() }));
    });

    app.post<Form>('/link/:id/prove', async (request, reply) => {
      const review = await answered(request, reply);
      if (!review) return reply;
      const proof = await signin.prove(request, review.asked.acr);
      if (!proof.ok) {
        const options = await signin.proofOptions(request, review.asked.acr);
        const error = proofError(request.page, proof);
        return reply.page(provePage(request.page, { review, options, error, status: proof.status, now: clock.now() }));
      }
      // The proof has renewed the session: its new id holds what may be spent.
      const signedIn = request.signedIn;
      if (signedIn && (await signin.spendProof(signedIn.sessionId, signedIn.current.accountId))) {
        await link.approve(review.id, signedIn.current, signedIn.sessionId);
      }
      writeFlow(reply, {});
      return reply.redirect(`/link/${review.id}`, 303);
    });
  };

  return { plugin, resume };
}

/** As they are made now, or were made before they told the time. */
const isLinkId = (text: string): boolean => /^(?:[0-9a-z]{9}\.)?[\w-]{22}$/.test(text);

function pageFor(request: FastifyRequest<Form>, review: Review, now: number): Page {
  const { page } = request;
  switch (review.status) {
    case 'pending':
    case 'claimed':
      return review.risk.level === 'high'
        ? lookFirstPage(page, { review, now, missed: false })
        : reviewPage(page, { review, now, others: request.signedIn?.others ?? [] });
    case 'approved':
    case 'redeemed':
      return linkedPage(page, { review });
    case 'expired':
      return ranOutPage(page, { review });
    case 'contested':
      return contestedPage(page, { review });
    default:
      return stoppedPage(page, { review, reported: request.query.reported === 'yes' });
  }
}
