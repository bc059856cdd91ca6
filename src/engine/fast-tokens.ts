import { deviceCodeGrant } from '../clients/client-settings.ts';
import type { Client, Clients } from '../clients/clients.ts';
import type { Clock } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId, GrantId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { stillAllowed } from './allowed.ts';
import { artifactId, remainsOf } from './artifact-adapter.ts';
import type { DeviceRequests, PollAnswer } from './device-requests.ts';
import type { ArtifactRow, EngineStore } from './engine-store.ts';
import { type Claims, claimsOfScope, lifetimes } from './provider-configuration.ts';
import type { TokenAnswers } from './token-answers.ts';
import type { TokenSigner } from './token-signer.ts';
import { ClaimLost } from './unit-of-work.ts';

type Needs = {
  issuer: string;
  database: Database;
  store: EngineStore;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  clients: Clients;
  requests: DeviceRequests;
  answers: TokenAnswers;
  signer(): TokenSigner;
  claimsOf(accountId: string): Promise<Claims | undefined>;
  grantUsed(grantId: GrantId, transaction: DatabaseTransaction): Promise<void>;
};

/** What tokens stand for, in the words of the engine, which reads what is written here. Times in seconds. */
type Source = {
  accountId: AccountId;
  clientId: string;
  grantId: GrantId;
  scope: string;
  amr: string[];
  acr?: string | undefined;
  authTime: number;
  gty: string;
  rotations: number;
  iiat?: number;
  exp?: number;
};

type RefreshPayload = Source & { exp: number; jkt?: string; resource?: unknown; claims?: unknown; rar?: unknown };
type GrantPayload = { exp: number; clientId: string; accountId: string };

export type FastAnswer = { tokens: object } | { error: Exclude<PollAnswer, 'approved' | 'redeemed'> };

export type FastTokens = ReturnType<typeof createFastTokens>;

/**
 * Redemption and refresh for what nearly every device is: a client without credentials, bound to no key, asking for no
 * resource. One look, one signature, one commit, all durable before the answer; the tokens are the engine's own kind.
 * Undefined for everything else, and whenever something is not in order: the engine decides, and has the words.
 */
export function createFastTokens(needs: Needs) {
  const { database, store, secrets, clock, random, clients, requests, answers } = needs;
  const seconds = (): number => Math.floor(clock.now() / 1000);

  async function read<T>(kind: string, id: string): Promise<{ row: ArtifactRow; payload: T } | undefined> {
    const row = await store.findArtifact(artifactId(secrets, kind, id));
    const json = row && secrets.open('artifact', row.sealed_payload, row.id);
    return row && json !== undefined ? { row, payload: JSON.parse(json) as T } : undefined;
  }

  async function liveGrant({ grantId, clientId, accountId }: Source): Promise<GrantPayload | undefined> {
    const grant = (await read<GrantPayload>('Grant', grantId))?.payload;
    const fits = grant?.clientId === clientId && grant.accountId === accountId && grant.exp > seconds();
    return fits ? grant : undefined;
  }

  function artifact(kind: string, payload: Record<string, unknown> & { jti: string; exp: number }): ArtifactRow {
    const id = artifactId(secrets, kind, payload.jti);
    return {
      id,
      kind,
      grant_id: String(payload.grantId),
      account_id: String(payload.accountId),
      uid: null,
      sealed_payload: secrets.seal('artifact', JSON.stringify({ ...payload, kind }), id),
      consumed_at: null,
      expires_at: payload.exp * 1000,
    };
  }

  /** With the scope that is left: an access token, a refresh token if the client may have one, and an ID token if `openid` was asked for. */
  function issue(source: Source, scope: string, client: Client, claims: Claims, end: number) {
    const now = seconds();
    const { accountId, clientId, grantId, amr, acr, authTime, gty, rotations } = source;
    const access = {
      accountId,
      clientId,
      grantId,
      scope,
      gty,
      iat: now,
      exp: now + lifetimes.accessToken,
      jti: random.token(32),
    };
    const rows = [artifact('AccessToken', access)];
    const tokens: Record<string, unknown> = { access_token: access.jti, expires_in: lifetimes.accessToken };
    if (scope.split(' ').includes('openid')) {
      tokens.id_token = needs.signer()({
        ...claimsOfScope(claims, scope),
        sub: accountId,
        amr,
        ...(acr && { acr }),
        auth_time: authTime,
        aud: clientId,
        iss: needs.issuer,
        iat: now,
        exp: now + lifetimes.idToken,
      });
    }
    if (client.grants.includes('refresh_token')) {
      // C9: rotation does not prolong; the end was set when the person allowed it.
      const refresh = {
        ...access,
        // RFC 6749 §6: its scope stays what it was.
        scope: source.scope,
        amr,
        ...(acr && { acr }),
        authTime,
        rotations,
        iiat: source.iiat ?? now,
        exp: end,
        jti: random.token(32),
      };
      rows.push(artifact('RefreshToken', refresh));
      tokens.refresh_token = refresh.jti;
    }
    // RFC 6749 §5.1
    return { rows, tokens: { ...tokens, ...(scope && { scope }), token_type: 'Bearer' } };
  }

  /** Undefined if another request claimed the one-time value first: the engine finds what the winner was told. */
  async function commit(
    token: string,
    source: Source,
    issued: ReturnType<typeof issue>,
    claim: (transaction: DatabaseTransaction) => Promise<boolean>,
  ): Promise<object | undefined> {
    const whose = { token, clientId: source.clientId, thumbprint: undefined };
    try {
      await database.transaction(async (transaction) => {
        if (!(await claim(transaction))) throw new ClaimLost();
        await store.addArtifacts(issued.rows, transaction);
        await store.putAnswer(answers.row(whose, source.grantId, issued.tokens), transaction);
      });
      return issued.tokens;
    } catch (error) {
      if (error instanceof ClaimLost) return undefined;
      throw error;
    }
  }

  async function plainClient(id: string): Promise<Client | undefined> {
    const client = await clients.find(id);
    return client?.public && !client.dpopRequired && client.idTokenAlg === 'ES256' ? client : undefined;
  }

  return {
    /** RFC 8628 §3.4, for a code that does not wait in memory any more. */
    async redeem(deviceCode: string, ofClient: string): Promise<FastAnswer | undefined> {
      const client = await plainClient(ofClient);
      if (!client?.grants.includes(deviceCodeGrant)) return undefined;
      const { answer, request } = await requests.look(deviceCode, client.id);
      if (answer !== 'approved' && answer !== 'redeemed') return { error: answer };
      const { params } = request ?? {};
      if (!request || answer === 'redeemed' || params?.dpop_jkt || params?.resource || params?.claims) return undefined;

      const { accountId, clientId, grantId, scope, amr, acr, authenticatedAt } = request;
      const authTime = Math.floor(authenticatedAt / 1000);
      const source = { accountId, clientId, grantId, scope, amr, acr, authTime, gty: 'device_code', rotations: 0 };
      // That the grant is still good is what the claim below asks: a link and its grant end together.
      const end = request.linkedUntil === undefined ? undefined : Math.floor(request.linkedUntil / 1000);
      const claims = await needs.claimsOf(accountId);
      const left = stillAllowed(client, scope);
      if (!end || !claims || left === undefined) return undefined;
      const tokens = await commit(deviceCode, source, issue(source, left, client, claims, end), (transaction) =>
        requests.redeem(deviceCode, transaction),
      );
      if (tokens) requests.collected(deviceCode);
      return tokens && { tokens };
    },

    /** RFC 6749 §6, with rotation (RFC 9700 §4.14.2). */
    async refresh(form: URLSearchParams): Promise<object | undefined> {
      if ([...form.keys()].toSorted().join() !== 'client_id,grant_type,refresh_token') return undefined;
      const client = await plainClient(form.get('client_id') ?? '');
      if (!client?.grants.includes('refresh_token')) return undefined;
      const token = form.get('refresh_token') ?? '';
      const found = await read<RefreshPayload>('RefreshToken', token);
      const old = found?.payload;
      if (!old || found.row.consumed_at !== null || old.clientId !== client.id || old.exp <= seconds())
        return undefined;
      if (old.jkt || old.resource || old.claims || old.rar || !old.gty.startsWith('device_code')) return undefined;

      const source = { ...old, gty: 'device_code refresh_token', rotations: (old.rotations ?? 0) + 1 };
      const [grant, claims] = await Promise.all([liveGrant(source), needs.claimsOf(old.accountId)]);
      const left = stillAllowed(client, old.scope);
      if (!grant || !claims || left === undefined) return undefined;
      return commit(token, source, issue(source, left, client, claims, old.exp), async (transaction) => {
        // The device's row before its tokens, as unlinking takes them: the other way round each would wait for the other.
        await needs.grantUsed(old.grantId, transaction);
        const { id } = found.row;
        return store.consumeToRemains(id, clock.now(), remainsOf(secrets, id, old), transaction);
      });
    },
  };
}
