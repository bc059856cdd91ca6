import './runtime-label.ts';
import type { IncomingMessage } from 'node:http';
import Provider, { type ErrorOut, type KoaContextWithOIDC } from 'oidc-provider';
import { deviceCodeGrant } from '../clients/client-settings.ts';
import type { Clients } from '../clients/clients.ts';
import { type Clock, minutes } from '../clock.ts';
import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import { type AccountId, type ClientId, type GrantId, newOrderedId, type SessionId } from '../ids.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import { askedLocale } from '../web/messages.ts';
import { type AppRequests, createAppRequests } from './app-requests.ts';
import { artifactId, createArtifactAdapter, noAdapter } from './artifact-adapter.ts';
import { createInteractionAdapter, createSessionAdapter } from './browser-adapters.ts';
import { answerDeviceAuthorization, createDeviceCodeAdapter, createDeviceCodeHandler } from './device-grant.ts';
import type { DeviceRequests, Requester } from './device-requests.ts';
import { finishAnswer } from './engine-answers.ts';
import { createEngineStore } from './engine-store.ts';
import { createFastTokens, type FastTokens } from './fast-tokens.ts';
import type { FormPost, GoBack } from './form-post.ts';
import { type IdTokenHint, readIdTokenHint } from './id-token-hint.ts';
import { narrowOwn } from './narrow-request.ts';
import { type Claims, providerConfiguration } from './provider-configuration.ts';
import { loadInternals } from './provider-internals.ts';
import { createRefreshHandler } from './refresh-grant.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createTokenAnswers } from './token-answers.ts';
import { createTokenSigner } from './token-signer.ts';
import { ClaimLost, createUnits, type Units } from './unit-of-work.ts';
import { engineCookieHeader, engineSessionId, type Visit } from './visit.ts';

export type NewGrant = {
  accountId: AccountId;
  clientId: ClientId;
  /** Space-separated scope, already within what the client may have. */
  scope: string;
  resources: string[];
  /** Epoch milliseconds. */
  expiresAt: number;
};

/** What the engine's request carries besides HTTP. */
export type EngineRequest = IncomingMessage & {
  requester: Requester;
  /** The browser that sent it, where a browser is asked anything. */
  visit: Visit | undefined;
  /** Set by the engine if it could not answer; nothing has been sent then. */
  failure?: unknown;
  /** Set by the engine if a page has to carry its answer on; nothing has been sent then. */
  formPost?: FormPost;
  goBack?: GoBack;
};

export type Engine = {
  /** Tokens for what nearly every device is, without the engine. */
  fastTokens: FastTokens;
  /** The current provider; replaced when signing keys are rotated. Requests of apps are answered by `appRequests` alone. */
  provider(): Omit<Provider, 'interactionDetails' | 'interactionResult' | 'interactionFinished'>;
  appRequests: AppRequests;
  clients: Clients;
  /** Whom an `id_token_hint` is about and which app it was made for, or undefined if it is none of ours. */
  readIdTokenHint(hint: string): Promise<IdTokenHint | undefined>;
  createGrant(grant: NewGrant, transaction: DatabaseTransaction): Promise<GrantId>;
  /** When it resolves (and its transaction has committed), no token of the grant is worth anything. */
  revokeGrant(grantId: string, transaction?: DatabaseTransaction): Promise<void>;
  revokeAccount(accountId: AccountId, transaction?: DatabaseTransaction): Promise<void>;
  /** What an account allowed apps in one browser is forgotten: to be called whenever it leaves one of our sessions. */
  endSession(sessionId: SessionId, accountId: AccountId): Promise<void>;
  /** Ends what apps were given by signing in, and the engine's own sessions; linked devices stay. */
  revokeApps(accountId: AccountId, transaction?: DatabaseTransaction): Promise<void>;
  /** Deletes what has expired; takes up rotated keys. Called every minute by the process. */
  tidy(): Promise<void>;
};

type Needs = {
  issuer: string;
  database: Database;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  clients: Clients;
  keys: SigningKeys;
  requests: DeviceRequests;
  claimsOf(accountId: string): Promise<Claims | undefined>;
  grantRevoked(grantId: GrantId): Promise<void>;
  grantUsed(grantId: GrantId, transaction?: DatabaseTransaction): Promise<void>;
};

export async function createEngine(needs: Needs): Promise<Engine> {
  const { database, secrets, clock, random, clients, keys } = needs;
  const store = createEngineStore(database);
  let loaded = await keys.load();
  let known = await keys.known();
  const units = createUnits(database);
  let provider = await buildProvider(needs, units, loaded);
  let signer = createTokenSigner(loaded);

  return {
    provider: () => provider,
    fastTokens: createFastTokens({
      ...needs,
      store,
      answers: createTokenAnswers({ store, secrets, clock }),
      signer: () => signer,
    }),
    clients,
    appRequests: createAppRequests({ provider: () => provider, units }),

    readIdTokenHint: (hint) => readIdTokenHint(hint, { issuer: needs.issuer, keys: known }),

    async createGrant(grant, transaction) {
      const id = newOrderedId<GrantId>({ random, clock });
      const rowId = artifactId(secrets, 'Grant', id);
      const now = Math.floor(clock.now() / 1000);
      const payload = {
        jti: id,
        kind: 'Grant',
        iat: now,
        exp: Math.ceil(grant.expiresAt / 1000),
        accountId: grant.accountId,
        clientId: grant.clientId,
        openid: { scope: grant.scope },
        resources: Object.fromEntries(grant.resources.map((resource) => [resource, grant.scope])),
      };
      await store.putArtifact(
        {
          id: rowId,
          kind: 'Grant',
          grant_id: id,
          account_id: grant.accountId,
          uid: null,
          sealed_payload: secrets.seal('artifact', JSON.stringify(payload), rowId),
          consumed_at: null,
          expires_at: grant.expiresAt,
        },
        transaction,
      );
      return id;
    },

    revokeGrant: (grantId, transaction) => store.deleteArtifactsOfGrant(grantId, transaction),
    revokeAccount: (accountId, transaction) => store.deleteArtifactsOfAccount(accountId, transaction),
    endSession: (sessionId, accountId) =>
      store.deleteArtifact(artifactId(secrets, 'Session', engineSessionId(secrets, { sessionId, accountId }))),
    revokeApps: (accountId, transaction) => store.deleteArtifactsOfApps(accountId, transaction),

    async tidy() {
      await store.deleteExpired(clock.now() - minutes(1));
      const current = await keys.load();
      if (current.map((key) => key.kid).join() === loaded.map((key) => key.kid).join()) return;
      provider = await buildProvider(needs, units, current);
      loaded = current;
      known = await keys.known();
      signer = createTokenSigner(current);
    },
  };
}

async function buildProvider(
  needs: Needs,
  units: Units,
  jwks: Awaited<ReturnType<SigningKeys['load']>>,
): Promise<Provider> {
  const { issuer, database, secrets, clock, clients, requests } = needs;
  const store = createEngineStore(database);
  const answers = createTokenAnswers({ store, secrets, clock });

  const provider = new Provider(issuer, {
    ...providerConfiguration({
      issuer,
      jwks,
      units,
      clock,
      claimsOf: needs.claimsOf,
      renderError: (ctx, out) => showError(secrets, ctx, out),
    }),
    adapter: (kind: string) => {
      if (kind === 'Client') return { ...noAdapter, find: (id: string) => clients.metadata(id) };
      if (kind === 'DeviceCode') return createDeviceCodeAdapter({ requests, units, clock });
      const artifacts = createArtifactAdapter({ kind, store, units, secrets, clock, grantRevoked: needs.grantRevoked });
      if (kind === 'Session') return createSessionAdapter(artifacts, { units, secrets, clock });
      return kind === 'Interaction' ? createInteractionAdapter(artifacts, { units, clock }) : artifacts;
    },
  });
  // The mount writes the X-Forwarded-* headers itself, from the issuer, so that a Host header decides nothing (C17).
  provider.proxy = true;
  // Made from ours for each request, it is nobody's to fix beforehand; its name stays (visit.ts).
  provider.Session.prototype.resetIdentifier = () => {};
  provider.Client.prototype.compareClientSecret = function (actual: string) {
    return clients.secretMatches(this.clientId, actual);
  };

  const internals = await loadInternals(provider);
  const deviceNeeds = { issuer, clock, requests, clients, units, answers };
  provider.registerGrantType(
    deviceCodeGrant,
    createDeviceCodeHandler(internals, deviceNeeds),
    ['device_code', 'resource'],
    ['resource'],
  );
  provider.registerGrantType(
    'refresh_token',
    createRefreshHandler(internals, { provider, units, answers, grantUsed: needs.grantUsed }),
    ['refresh_token', 'scope', 'resource'],
    ['resource'],
  );

  provider.registerGrantType(
    'client_credentials',
    async (ctx) => {
      narrowOwn(ctx);
      await internals.clientCredentialsHandler(ctx);
    },
    ['scope', 'resource'],
    ['resource'],
  );

  const failures = new WeakMap<object, unknown>();
  provider.on('server_error', (ctx, error) => failures.set(ctx, error));
  provider.use(async (ctx, next) => {
    const { visit, headers } = ctx.req as EngineRequest;
    headers.cookie = engineCookieHeader(secrets, visit);
    const kept = [ctx.res.getHeader('set-cookie') ?? []].flat().map(String);
    try {
      await units.run(async (unit) => {
        unit.visit = visit;
        await next();
        if (ctx.oidc?.route === 'device_authorization' && ctx.status === 200) {
          await answerDeviceAuthorization(ctx as KoaContextWithOIDC, deviceNeeds);
        }
        await finishAnswer(ctx as KoaContextWithOIDC, provider);
        const used = ctx.oidc?.route === 'userinfo' && ctx.status === 200 && ctx.oidc.entities.AccessToken?.grantId;
        if (used) await needs.grantUsed(used as GrantId);
        return ctx.status < 400;
      });
    } catch (error) {
      if (error instanceof ClaimLost) await answerLoser(ctx as KoaContextWithOIDC, answers, error);
      else failures.set(ctx, error);
    }
    // What the engine would keep in the browser stays here.
    ctx.set('set-cookie', kept);
    if (failures.has(ctx)) handOver(ctx, failures.get(ctx));
  });
  return provider;
}

/** Several redeemed at once and one won. The others are the same client retrying, and hear what the winner heard. */
async function answerLoser(ctx: KoaContextWithOIDC, answers: ReturnType<typeof createTokenAnswers>, lost: ClaimLost) {
  const again = lost.retry && (await answers.find(lost.retry));
  ctx.status = again ? 200 : 400;
  ctx.body = again ?? { error: 'invalid_grant', error_description: 'grant request is invalid' };
}

/** What is not the caller's doing is answered by the server, which knows an outage from a bug and writes it down. */
function handOver(
  ctx: { req: object; respond?: boolean | undefined; body: unknown; remove(header: string): void },
  failure: unknown,
) {
  ctx.body = null;
  ctx.remove('location');
  ctx.respond = false;
  (ctx.req as EngineRequest).failure = failure;
}

/** A person sees errors in our layout: the page is another request, so what it says travels sealed. */
function showError(secrets: Secrets, ctx: KoaContextWithOIDC, out: ErrorOut) {
  const locale = askedLocale(ctx.oidc.params?.ui_locales ?? ctx.query.ui_locales);
  const what = encodeURIComponent(secrets.seal('flow', JSON.stringify(out), 'problem'));
  ctx.status = 303;
  ctx.redirect(`/problem?what=${what}${locale ? `&ui_locales=${locale}` : ''}`);
}
