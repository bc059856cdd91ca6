import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { GrantId } from '../ids.ts';
import { allowed } from './allowed.ts';
import { isPublic, settingsOf } from './engine-client.ts';
import { refusals } from './narrow-request.ts';
import type { EngineInternals } from './provider-internals.ts';
import type { TokenAnswers } from './token-answers.ts';
import type { Units } from './unit-of-work.ts';

type Needs = {
  provider: Provider;
  units: Units;
  answers: TokenAnswers;
  /** Told after a refresh, so that the device's page can say when it was last used. */
  grantUsed(grantId: GrantId, transaction: DatabaseTransaction): Promise<void>;
};

/** Requests that go on with the token that an earlier one was given, because its answer was lost. */
const goingOn = new WeakSet<object>();

/**
 * RFC 9700 §4.14.2: rotation is for what proves nothing of itself. A client that proves itself by a secret keeps its refresh
 * token (FAPI 2.0 §5.3.2.1); whatever runs on devices proves nothing by the secret it ships (fault C11).
 */
export const rotates = (ctx: KoaContextWithOIDC): boolean =>
  !goingOn.has(ctx) && ctx.oidc.client !== undefined && isPublic(ctx.oidc.client);

/**
 * Rotation with a short idempotent retry (C10, decision 14): the same client gets the same successor; any later use of a
 * rotated token ends the whole family (RFC 9700 §4.14.2), which the engine does.
 */
export function createRefreshHandler(internals: EngineInternals, { provider, units, answers, grantUsed }: Needs) {
  /** Whoever has used the successor has received it: the one before comes from somebody else. */
  const wasUsed = async (successor: unknown): Promise<boolean> =>
    typeof successor === 'string' &&
    Boolean((await provider.RefreshToken.find(successor, { ignoreExpiration: true }))?.consumed);

  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const params = ctx.oidc.params as { refresh_token?: unknown; scope?: string };
    const { refresh_token: token } = params;
    const { client } = ctx.oidc;
    if (!client) throw new Error('A token is refreshed before its client is known.');
    const { clientId } = client;
    if (typeof token !== 'string' || token === '') {
      throw new errors.InvalidRequest("missing required parameter(s) (missing 'refresh_token')");
    }
    const proof = await internals.validateDpop(ctx);
    const whose = { token, clientId, thumbprint: proof?.thumbprint };
    const [withAnyKey, withoutKey] = [
      { ...whose, thumbprint: 'any' },
      { ...whose, thumbprint: undefined },
    ];
    const stored = await provider.RefreshToken.find(token, { ignoreExpiration: true });
    if (stored?.consumed && stored.clientId === clientId) {
      const again = await answers.find(whose);
      if (again && !(await wasUsed(again.refresh_token))) {
        await internals.checkDpopReplay(ctx, proof, clientId);
        ctx.body = again;
        return;
      }
      // RFC 9449 §5: a refresh token that is bound to no key may come with another one, also when it comes again (fault
      // C11).
      const lost = stored.jkt ? undefined : ((await answers.find(withAnyKey)) ?? (await answers.find(withoutKey)));
      if (lost && !(await wasUsed(lost.refresh_token))) {
        params.refresh_token = lost.refresh_token;
        goingOn.add(ctx);
      }
    }
    const current = goingOn.has(ctx) ? await provider.RefreshToken.find(String(params.refresh_token)) : stored;
    if (current?.scope) {
      const { scope = current.scope } = params;
      narrowScope(params, current.scope, allowed(settingsOf(client), { of: 'person', scope }));
    }
    const unit = units.current();
    const grantId = stored?.grantId as GrantId | undefined;
    // The device's row before its tokens, as unlinking takes them: the other way round each would wait for the other.
    if (grantId) unit?.write((transaction) => grantUsed(grantId, transaction));
    const rotating = rotates(ctx);
    if (unit && rotating) unit.retry = whose;
    await internals.refreshTokenHandler(ctx);
    if (!unit || !grantId || !rotating) return;
    answers.keep(unit, whose, grantId, ctx.body as object);
    if (proof && !stored?.jkt) answers.keep(unit, withAnyKey, grantId, ctx.body as object);
  };
}

/** What was given once and is allowed today; what was never given is left for the engine to refuse (RFC 6749 §6). */
function narrowScope(params: { scope?: string }, given: string, today: ReturnType<typeof allowed>): void {
  const had = given.split(' ');
  if (params.scope && !params.scope.split(' ').every((name) => had.includes(name))) return;
  if (today.refused) throw refusals.invalid_scope(params.scope);
  const scope = today.scope.join(' ');
  if (params.scope || scope !== given) params.scope = scope;
}
