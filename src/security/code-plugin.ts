import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { twoStep } from '../authenticators/authenticators.ts';
import type { Asker } from '../authenticators/hashing.ts';
import type { AccountId } from '../ids.ts';
import { networkOf } from '../limits/address.ts';
import { formatLocale } from '../web/messages.ts';
import { actsForNobody, shownForOf } from '../web/shown-for.ts';
import { type CodeKind, codesFile, codesPage, freshCodesPage, pathOf } from './code-pages.tsx';
import { type Change, tellChange } from './security-mail.ts';
import type { SecurityNeeds } from './security-needs.ts';

type Fields = { [name: string]: string | undefined };
type Kind = {
  change: Change;
  madeAt(accountId: AccountId): Promise<number | undefined>;
  left(accountId: AccountId): Promise<number>;
  makeOver(accountId: AccountId, madeAt: number | undefined, asker: Asker): Promise<string[] | undefined>;
};

/** As `make` writes them, one or ten. */
const written: Record<CodeKind, RegExp> = {
  codes: /^(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}(?: (?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}){9}$/,
  saved: /^(?:[0-9A-Z]{5}-){4}[0-9A-Z]{6}$/,
};

/** Codes on paper. They are in the answer to the form that makes them, and nowhere else. */
export function registerCodes(app: FastifyInstance, needs: SecurityNeeds): void {
  const { recoveryCodes, savedCode } = needs.authenticators;
  registerKind(app, needs, 'codes', { ...recoveryCodes, change: 'recoveryCodesMade' });
  registerKind(app, needs, 'saved', {
    change: 'savedCodeMade',
    madeAt: savedCode.madeAt,
    left: async (id) => ((await savedCode.has(id)) ? 1 : 0),
    async makeOver(id, madeAt) {
      const made = await savedCode.makeOver(id, madeAt);
      return made === undefined ? undefined : [made];
    },
  });
  registerFile(app, needs);
}

function registerKind(app: FastifyInstance, needs: SecurityNeeds, kind: CodeKind, codes: Kind): void {
  const { authenticators, signin } = needs;
  type Note = Parameters<typeof codesPage>[0]['note'];

  const show = async (request: FastifyRequest, reply: FastifyReply, id: AccountId, note?: Note) => {
    const [madeAt, left] = [await codes.madeAt(id), await codes.left(id)];
    return reply.page(codesPage({ page: request.page, kind, madeAt, left, note }));
  };
  /** Recovery codes stand in for a second step: without one they would be for nothing. */
  const useful = async (id: AccountId): Promise<boolean> =>
    kind === 'saved' || twoStep(await authenticators.methodsOf(id));

  app.get(pathOf[kind], async (request, reply) => {
    const owner = await needs.signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    if (!(await useful(accountId))) return reply.redirect('/security', 303);
    const { done } = request.query as { done?: unknown };
    const added = done === 'appAdded' || done === 'keyAdded';
    return show(request, reply, accountId, added ? { key: `security.done.${done}`, kind: 'done' } : undefined);
  });

  app.post(pathOf[kind], async (request, reply) => {
    const owner = await signin.requireFreshProof(request, reply);
    if (!owner) return reply;
    const { accountId, email } = owner.current;
    if (!(await useful(accountId))) return reply.redirect('/security', 303);
    const { made = '' } = request.body as Fields;
    const before = await codes.madeAt(accountId);
    const asker = { account: accountId, network: networkOf(request.ip), known: true };
    // Pressed twice: the second press must not make codes of the first worthless, whose answer may come last.
    const fresh = made === String(before ?? '') ? await codes.makeOver(accountId, before, asker) : undefined;
    if (!fresh) return show(request, reply, accountId, { key: 'security.codes.stale', kind: 'unusual' });
    const at = (await codes.madeAt(accountId)) ?? 0;
    await tellChange(needs, request, owner, codes.change);
    const { issuer } = request.server.web;
    return reply.page(freshCodesPage({ page: request.page, kind, codes: fresh, email, issuer, at }));
  });
}

/** Gives back what the page has as a file, for whoever has no scripts and no printer; nothing is kept. */
function registerFile(app: FastifyInstance, { authenticators, signin }: SecurityNeeds): void {
  app.post('/security/codes-file', actsForNobody, async (request, reply) => {
    const signedIn = await signin.requireSignedIn(request, reply);
    if (!signedIn) return reply;
    // Held back they would be lost: codes are shown once. They are of the account that the page was shown for.
    const owner = shownForOf(request, [signedIn.current, ...signedIn.others]);
    if (!owner) return reply.redirect('/security', 303);
    const { page, body } = request;
    const { kind: name, codes = '' } = body as Fields;
    const kind: CodeKind = name === 'saved' ? 'saved' : 'codes';
    // Nobody else's words in a file of ours.
    if (!written[kind].test(codes)) return reply.redirect(pathOf[kind], 303);
    const { accountId, email } = owner;
    const { madeAt } = kind === 'saved' ? authenticators.savedCode : authenticators.recoveryCodes;
    const day = new Intl.DateTimeFormat(formatLocale(page.locale), { dateStyle: 'medium', timeZone: 'UTC' });
    const date = day.format((await madeAt(accountId)) ?? 0);
    const { issuer } = request.server.web;
    return reply
      .header('content-disposition', `attachment; filename="latchkey-${pathOf[kind].split('/').pop()}.txt"`)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send(codesFile({ page, kind, codes: codes.split(' '), email, issuer, date }));
  });
}
