import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { localPath } from '../web/flow.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Halfway } from './halfway.ts';
import { codePage, codesLeftPage, keyPage, recoveryCodePage } from './second-step-pages.tsx';
import type { Signin } from './signin.ts';
import type { FieldError } from './signin-pages.tsx';
import type { SecondStep } from './strength.ts';
import { pathOf, type WayIn, wordsFor } from './way-in.ts';

type Fields = { [name: string]: string | undefined };

/** What follows a right password where two-step verification is on. Each page is there for who has that step alone. */
export function registerSecondSteps(app: FastifyInstance, signin: Signin, way: WayIn): void {
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    step: SecondStep,
    half: Halfway,
    error?: FieldError,
  ) => {
    const { email, accountId } = half;
    const props = { page: request.page, email, error };
    if (step === 'code') return reply.page(codePage(props));
    if (step === 'key') return reply.page(keyPage({ ...props, options: await signin.keyOptions(request, accountId) }));
    const { recoveryCodes: left } = await signin.waysOf(accountId);
    return reply.page(recoveryCodePage({ ...props, left }));
  };

  for (const step of ['code', 'key', 'recovery'] as const) {
    app.get(pathOf[step], async (request, reply) => {
      const half = await signin.halfway(request, 'pwd');
      return half ? show(request, reply, step, half) : reply.redirect('/signin', 303);
    });

    app.post(pathOf[step], actsForNobody, async (request, reply) => {
      const half = await signin.halfway(request, 'pwd');
      if (!half) return way.astray(request, reply);
      const result = await signin.checkSecond(request, half.accountId, step, request.body as Fields);
      if (!result.ok) {
        const text = wordsFor(request, result);
        return show(request, reply, step, half, step === 'key' ? { text } : { field: 'code', text });
      }
      const next = await way.finish(request, reply, half.accountId, ['pwd', ...result.methods]);
      if (step !== 'recovery') return reply.redirect(next, 303);
      return reply.redirect(`/signin/recovery-code/left?next=${encodeURIComponent(next)}`, 303);
    });
  }

  app.get('/signin/recovery-code/left', async (request, reply) => {
    const owner = await signin.requireSignedIn(request, reply);
    if (!owner) return reply;
    const next = localPath((request.query as { next?: unknown }).next) ?? '/';
    const { recoveryCodes: left } = await signin.waysOf(owner.current.accountId);
    return reply.page(codesLeftPage({ page: request.page, left, next }));
  });
}
