import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countryName } from '../devices/device-words.tsx';
import type { RecordedEvent } from '../drivers/journal/journal.ts';
import { AppError } from '../errors.ts';
import type { SignedIn, Signin } from '../signin/signin.ts';
import type { PageContext } from '../web/page.ts';
import { actsForNobody } from '../web/shown-for.ts';
import type { Activity } from './activity.ts';
import { activityPage, exportPage } from './activity-pages.tsx';
import { browserWords, methodWords, titleOf } from './activity-rows.tsx';
import { changePage, changeUndonePage } from './change-pages.tsx';
import { disownedPage, disownPage, fieldOf } from './disown-pages.tsx';
import { needsProof, type Owner, type Plan } from './disown-plan.ts';
import { type Line, toCsv, toJson } from './export.ts';
import { type Filter, filters } from './kinds.ts';
import { noticeEndedPage, noticePage, unknownNoticePage } from './notice-pages.tsx';
import type { Row } from './rows.ts';
import { registerSessions, type SessionsNeeds } from './sessions-plugin.ts';

export type ActivityPluginNeeds = SessionsNeeds & { activity: Activity; signin: Pick<Signin, 'hasFreshProof'> };

type RowRequest = FastifyRequest<{ Params: { id: string }; Body: Record<string, string> | undefined }>;
type UndoRequest = FastifyRequest<{ Params: { token: string } }>;

/** What happened in the account, and "this wasn't me". Looking needs a session, acting a fresh proof (E38). */
export async function activityPlugin(app: FastifyInstance, needs: ActivityPluginNeeds): Promise<void> {
  app.get('/activity', (request, reply) => list(needs, request, reply));
  app.get('/activity/export', (request, reply) => askExport(needs, request, reply));
  app.post('/activity/export', (request, reply) => takeAlong(needs, request, reply));
  registerNotices(app, needs);
  registerRows(app, needs);
  registerSessions(app, needs);
}

async function list({ activity, clock, signin }: ActivityPluginNeeds, request: FastifyRequest, reply: FastifyReply) {
  const owner = await signin.requireSignedIn(request, reply);
  if (!owner) return reply;
  const { show, older } = request.query as { show?: unknown; older?: unknown };
  const filter: Filter = filters.find((one) => one === show) ?? 'all';
  const from = typeof older === 'string' ? older : undefined;
  const found = await activity.timeline.page(owner.current.accountId, filter, from);
  return reply.page(
    activityPage({
      page: request.page,
      rows: found.rows,
      older: found.older,
      isOlder: from !== undefined,
      filter,
      now: clock.now(),
      kept: activity.kept,
    }),
  );
}

async function askExport({ activity, signin }: ActivityPluginNeeds, request: FastifyRequest, reply: FastifyReply) {
  const owner = await signin.requireFreshProof(request, reply);
  return owner ? reply.page(exportPage({ page: request.page, kept: activity.kept })) : reply;
}

async function takeAlong(needs: ActivityPluginNeeds, request: FastifyRequest, reply: FastifyReply) {
  const owner = await needs.signin.requireFreshProof(request, reply);
  if (!owner) return reply;
  const { accountId } = owner.current;
  const format = (request.body as Record<string, unknown> | undefined)?.format === 'json' ? 'json' : 'csv';
  const { rows, events } = await needs.activity.timeline.all(accountId);
  const lines = rows.map((row, at) => lineOf(request.page, row, events[at] as RecordedEvent));
  await needs.journal.append({ type: 'exported', accountId, data: { what: 'activity', format } });
  return reply
    .header('content-type', format === 'json' ? 'application/json; charset=utf-8' : 'text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="activity.${format}"`)
    .header('cache-control', 'no-store')
    .send(format === 'json' ? toJson(lines) : toCsv(lines));
}

function lineOf({ t, locale }: PageContext, row: Row, event: RecordedEvent): Line {
  const place = countryName(locale, row.country);
  const browser = browserWords(t, row.browser);
  const how = methodWords(t, locale, row.methods);
  return {
    event,
    what: titleOf(t, row),
    ...(place !== undefined && { place }),
    ...(browser !== undefined && { browser }),
    ...(how !== undefined && { how }),
  };
}

function registerRows(app: FastifyInstance, needs: ActivityPluginNeeds): void {
  const { activity, clock, signin } = needs;

  /** Another account's row is as unknown as one that never was (F12). */
  const ownPlan = async (
    signedIn: SignedIn,
    { params: { id }, browserId }: RowRequest,
  ): Promise<{ owner: Owner; plan: Plan }> => {
    const owner = { accountId: signedIn.current.accountId, sessionId: signedIn.sessionId, browserId };
    const plan = await activity.disowning.plan(owner, id);
    if (!plan) throw new AppError('not_found', 'There is no such event.');
    return { owner, plan };
  };

  app.get('/activity/:id', async (request: RowRequest, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    const { plan } = await ownPlan(signedIn, request);
    if (plan.row.disowned) return reply.redirect(`/activity/${plan.row.id}/done`, 303);
    const proven = !needsProof(plan) || signin.hasFreshProof(signedIn);
    return reply.page(disownPage({ page: request.page, plan, now: clock.now(), proven }));
  });

  app.post('/activity/:id', async (request: RowRequest, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    // Looked up before any proof is asked, so that the proof page tells nothing about foreign events.
    const { owner, plan } = await ownPlan(signedIn, request);
    if (needsProof(plan) && !(await signin.requireFreshProof(request, reply))) return reply;
    await activity.disowning.disown(owner, plan, (choice) => request.body?.[fieldOf(choice)] === 'yes');
    return reply.redirect(`/activity/${plan.row.id}/done`, 303);
  });

  app.get('/activity/:id/done', async (request: RowRequest, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    const { owner, plan } = await ownPlan(signedIn, request);
    const done = await activity.disowning.before(owner.accountId, plan.row.id);
    if (!done) return reply.redirect(`/activity/${plan.row.id}`, 303);
    return reply.page(disownedPage({ page: request.page, next: plan.next, done }));
  });
}

function registerNotices(app: FastifyInstance, { activity, clock }: ActivityPluginNeeds): void {
  const { notices, changes } = activity;

  app.get('/activity/change/:token', async (request: UndoRequest, reply) => {
    const { page, params } = request;
    const change = await changes.find(params.token);
    if (!change) return reply.page(unknownNoticePage({ page }));
    if (change.undone) return reply.page(changeUndonePage({ page }));
    return reply.page(changePage({ page, change, now: clock.now(), token: params.token }));
  });

  app.post('/activity/change/:token', actsForNobody, async (request: UndoRequest, reply) => {
    await changes.undo(request.params.token);
    return reply.redirect(`/activity/change/${encodeURIComponent(request.params.token)}`, 303);
  });

  app.get('/activity/undo/:token', async (request: UndoRequest, reply) => {
    const { page, params } = request;
    const notice = await notices.find(params.token);
    if (!notice) return reply.page(unknownNoticePage({ page }));
    if (notice.ended) return reply.page(noticeEndedPage({ page, notice }));
    return reply.page(noticePage({ page, notice, now: clock.now(), token: params.token }));
  });

  app.post('/activity/undo/:token', actsForNobody, async (request: UndoRequest, reply) => {
    await notices.end(request.params.token);
    // The page there looks again, and so tells the truth for a first press, a second one and an unknown token.
    return reply.redirect(`/activity/undo/${encodeURIComponent(request.params.token)}`, 303);
  });
}
