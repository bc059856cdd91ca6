import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { DatabaseTransaction } from '../drivers/database/database.ts';
import type { GrantId } from '../ids.ts';
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

/**
 * Rotation with a short idempotent retry (C10, decision 14): the same client with the same key gets the same successor;
 * any later use of a rotated token ends the whole family (RFC 9700 §4.14.2), which the engine does.
 */
export function createRefreshHandler(internals: EngineInternals, { provider, units, answers, grantUsed }: Needs) {
  /** Whoever has used the successor has received it: the one before comes from somebody else. */
  const wasUsed = async (successor: unknown): Promise<boolean> =>
    typeof successor === 'string' &&
    Boolean((await provider.RefreshToken.find(successor, { ignoreExpiration: true }))?.consumed);

  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const token = ctx.oidc.params?.refresh_token;
    const clientId = ctx.oidc.client?.clientId ?? '';
    if (typeof token !== 'string' || token === '') {
      throw new errors.InvalidRequest("missing required parameter(s) (missing 'refresh_token')");
    }
    const proof = await internals.validateDpop(ctx);
    const whose = { token, clientId, thumbprint: proof?.thumbprint };
    const stored = await provider.RefreshToken.find(token, { ignoreExpiration: true });
    if (stored?.consumed && stored.clientId === clientId) {
      const again = await answers.find(whose);
      if (again && !(await wasUsed(again.refresh_token))) {
        await internals.checkDpopReplay(ctx, proof, clientId);
        ctx.body = again;
        return;
      }
    }
    const unit = units.current();
    if (unit) unit.retry = whose;
    const grantId = stored?.grantId as GrantId | undefined;
    // The device's row before its tokens, as unlinking takes them: the other way round each would wait for the other.
    if (grantId) unit?.write((transaction) => grantUsed(grantId, transaction));
    await internals.refreshTokenHandler(ctx);
    if (unit && grantId) answers.keep(unit, whose, grantId, ctx.body as object);
  };
}
