import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { createFormPostMode, createGoBackMode, type ResponseMode } from './form-post.ts';

type Proof = { thumbprint: string; jti: string } | undefined;
type Handler = (ctx: KoaContextWithOIDC) => Promise<void>;

/** The parts of the engine that its public interface does not hand out. */
export type EngineInternals = {
  deviceCodeHandler: Handler;
  refreshTokenHandler: Handler;
  clientCredentialsHandler: Handler;
  /** RFC 9449 §4.3; the proof's key, or undefined if the request carries no proof. */
  validateDpop(ctx: KoaContextWithOIDC): Promise<Proof>;
  checkDpopReplay(ctx: KoaContextWithOIDC, proof: Proof, clientId: string): Promise<void>;
};

type GrantModule = { handler: (provider: Provider, helpers: object, ctx: KoaContextWithOIDC) => Promise<void> };
// biome-ignore lint/suspicious/noExplicitAny: the engine's helpers have no types.
type Helper = (provider: Provider, ...rest: any[]) => Promise<never>;

/** Ways back to an app. */
export const responseModes = ['query', 'fragment', 'form_post'];

/**
 * The single file that reaches behind the engine's public interface, because its grant handlers can be replaced but
 * not wrapped. The engine's version is pinned exactly; a release that moves these files fails here, at start.
 */
export async function loadInternals(provider: Provider): Promise<EngineInternals> {
  const root = join(dirname(createRequire(import.meta.url).resolve('oidc-provider/package.json')), 'lib');
  const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(root, path)).href)) as T;
  const [deviceCode, refreshToken, clientCredentials, helpers, cache] = await Promise.all([
    load<GrantModule>('actions/grants/device_code.js'),
    load<GrantModule>('actions/grants/refresh_token.js'),
    load<GrantModule>('actions/grants/client_credentials.js'),
    load<Record<string, Helper>>('helpers/grants.js'),
    load<{ default: (provider: Provider) => { responseModes: Map<string, ResponseMode> } }>('helpers/weak_cache.js'),
  ]);
  const bound: Record<string, (...rest: unknown[]) => Promise<never>> = Object.fromEntries(
    Object.entries(helpers).map(([name, helper]) => [name, helper.bind(undefined, provider)]),
  );
  const { validateDpop, checkDpopReplay } = bound;
  if (!validateDpop || !checkDpopReplay) throw new Error('The engine has moved its DPoP helpers.');
  const modes = cache.default(provider).responseModes;
  for (const mode of modes.keys()) if (!responseModes.includes(mode)) modes.delete(mode);
  const query = modes.get('query');
  const fragment = modes.get('fragment');
  if (!query || !fragment) throw new Error('The engine has moved its response modes.');
  modes.set('query', createGoBackMode(query));
  modes.set('fragment', createGoBackMode(fragment));
  modes.set('form_post', createFormPostMode(query));
  return {
    deviceCodeHandler: (ctx) => deviceCode.handler(provider, bound, ctx),
    refreshTokenHandler: (ctx) => refreshToken.handler(provider, bound, ctx),
    clientCredentialsHandler: (ctx) => clientCredentials.handler(provider, bound, ctx),
    validateDpop: (ctx) => validateDpop(ctx),
    checkDpopReplay: (ctx, proof, clientId) => checkDpopReplay(ctx, proof, clientId),
  };
}
