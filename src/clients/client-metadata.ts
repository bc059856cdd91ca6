import { type ClientSettings, isForNativeApp } from './client-settings.ts';

/** In the words of OpenID Connect Dynamic Client Registration 1.0 §2; `settings` are our own. */
export type ClientMetadata = { client_id: string; settings: ClientSettings; [name: string]: unknown };

type Registered = ClientSettings & { id: string; name: string };

/** What the engine is told of a client. */
export function metadataOf(client: Registered, secretHash: string | null): ClientMetadata {
  const codeFlow = client.grants.includes('authorization_code');
  const isNative = [...client.redirectUris, ...client.postLogoutRedirectUris].some(isForNativeApp);
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: isNative || !codeFlow ? 'native' : 'web',
    grant_types: client.grants,
    response_types: codeFlow ? ['code'] : [],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    // Nothing can be posted to an app on the person's machine by its scheme (RFC 8252 §7.1).
    ...(client.redirectUris.every((uri) => /^https?:/.test(uri)) ? {} : { response_modes: ['query', 'fragment'] }),
    // No `scope`: the engine would refuse some of what is too much and pass by the rest; `allowed` decides (fault A5, B32).
    token_endpoint_auth_method: secretHash === null ? 'none' : 'client_secret_basic',
    // The engine has secrets compared by `secretMatches`, and all it ever holds is the hash (K9).
    ...(secretHash === null ? {} : { client_secret: secretHash }),
    dpop_bound_access_tokens: client.dpopRequired,
    id_token_signed_response_alg: client.idTokenAlg,
    settings: settingsOf(client),
  };
}

function settingsOf({ id: _id, name: _name, ...settings }: Registered): ClientSettings {
  return settings;
}
