import { type Adapter, type AdapterPayload, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Clients } from '../clients/clients.ts';
import type { Clock } from '../clock.ts';
import { stillAllowed } from './allowed.ts';
import type { DeviceRequests, Requester } from './device-requests.ts';
import { settingsOf } from './engine-client.ts';
import { deviceAuthorizationAnswer } from './fast-issue.ts';
import { refusals } from './narrow-request.ts';
import type { EngineInternals } from './provider-internals.ts';
import type { TokenAnswers } from './token-answers.ts';
import { ClaimLost, type Units } from './unit-of-work.ts';

type Needs = {
  issuer: string;
  clock: Clock;
  requests: DeviceRequests;
  clients: Clients;
  units: Units;
  answers: TokenAnswers;
};

/**
 * The engine believes it stores device codes; what it saves and reads is our one table.
 * It never sees a pending code: those are answered before it is asked (K1, K2, K4, K5, K9).
 */
export function createDeviceCodeAdapter({
  requests,
  units,
  clock,
}: Pick<Needs, 'requests' | 'units' | 'clock'>): Adapter {
  return {
    async upsert(id, payload) {
      const unit = units.current();
      if (!unit) throw new Error('A device code was drawn outside a unit of work.');
      unit.drawn = { deviceCode: id, params: payload.params ?? {}, clientId: String(payload.clientId) };
    },
    async find(id) {
      const request = units.current()?.approved;
      if (!request) return undefined;
      const now = Math.floor(clock.now() / 1000);
      return {
        jti: id,
        kind: 'DeviceCode',
        iat: now,
        exp: now + 600,
        clientId: request.clientId,
        accountId: request.accountId,
        grantId: request.grantId,
        params: request.params,
        scope: request.scope,
        amr: request.amr,
        ...(request.acr ? { acr: request.acr } : {}),
        authTime: Math.floor(request.authenticatedAt / 1000),
        ...(request.params.resource ? { resource: request.params.resource as string } : {}),
        ...(request.params.claims ? { claims: JSON.parse(String(request.params.claims)) } : {}),
      } as AdapterPayload;
    },
    async consume(id) {
      units.current()?.write(async (transaction) => {
        if (!(await requests.redeem(id, transaction))) throw new ClaimLost();
      });
      units.current()?.afterwards(() => requests.collected(id));
    },
    destroy: async () => {},
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    revokeByGrantId: async () => {},
  };
}

/** RFC 8628 §3.2: replaces the engine's answer, which has no interval and a code nobody checked for being free. */
export async function answerDeviceAuthorization(ctx: KoaContextWithOIDC, needs: Needs): Promise<void> {
  const drawn = needs.units.current()?.drawn;
  const client = drawn && (await needs.clients.find(drawn.clientId));
  if (!drawn || !client) return;
  const { requester, aliased } = ctx.req as unknown as { requester: Requester; aliased?: boolean };
  const { deviceCode, params } = drawn;
  const issued = await needs.requests.issue({ deviceCode, client, params, requester });
  ctx.body = {
    ...deviceAuthorizationAnswer(needs.issuer, deviceCode, issued),
    // Apps made with Microsoft's client library print this sentence as it comes.
    ...(aliased ? { message: `To sign in, open ${needs.issuer}/link and enter the code ${issued.userCode}.` } : {}),
  };
}

/** RFC 8628 §3.4 and §3.5 for polls that need the engine: authenticated clients, bound keys, and redemption itself. */
export function createDeviceCodeHandler(internals: EngineInternals, needs: Needs) {
  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const deviceCode = ctx.oidc.params?.device_code;
    if (typeof deviceCode !== 'string' || deviceCode === '') {
      throw new errors.InvalidRequest("missing required parameter(s) (missing 'device_code')");
    }
    const clientId = ctx.oidc.client?.clientId ?? '';
    const { answer, request } = await needs.requests.look(deviceCode, clientId);
    if (answer !== 'approved' && answer !== 'redeemed') throw pollErrors[answer]();
    if (!request) throw new errors.InvalidGrant('device code has no grant');

    const proof = await internals.validateDpop(ctx);
    // B35: a key named when the code was issued is the only one that may redeem it.
    const boundKey = request.params.dpop_jkt;
    if (boundKey && boundKey !== proof?.thumbprint) throw new errors.InvalidGrant('failed jkt verification');

    const whose = { token: deviceCode, clientId, thumbprint: proof?.thumbprint };
    if (request.redeemedAt !== undefined) {
      const again = await needs.answers.find(whose);
      if (!again) {
        await needs.requests.replayed(deviceCode);
        throw new errors.InvalidGrant('device code already used');
      }
      await internals.checkDpopReplay(ctx, proof, clientId);
      await needs.requests.answeredAgain(request);
      ctx.body = again;
      return;
    }
    const unit = needs.units.current();
    if (!unit) throw new Error('A device code is redeemed outside a unit of work.');
    const scope = stillAllowed(settingsOf(ctx.oidc.client ?? {}), request.scope);
    if (scope === undefined) throw refusals.invalid_scope(request.scope);
    Object.assign(unit, { approved: { ...request, scope }, retry: whose });
    await internals.deviceCodeHandler(ctx);
    needs.answers.keep(unit, whose, request.grantId, ctx.body as object);
  };
}

const pollErrors = {
  authorization_pending: () => new errors.AuthorizationPending(),
  slow_down: () => new errors.SlowDown(),
  access_denied: () => new errors.AccessDenied(),
  expired_token: () => new errors.ExpiredToken('device code is expired'),
  invalid_grant: () => new errors.InvalidGrant('device code not found'),
} as const;
