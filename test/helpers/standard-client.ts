import * as client from 'openid-client';
import type { NewClient } from '../../src/clients/clients.ts';
import type { TestApp } from './test-app.ts';

/** An app registered at the server, as openid-client sees it; ID tokens are verified with the published keys. */
export async function registerApp(
  server: TestApp,
  settings: Partial<NewClient>,
  algorithm: 'oidc' | 'oauth2' = 'oidc',
): Promise<client.Configuration> {
  const { id, secret } = await server.createClient(settings);
  return configure(server, id, secret ? client.ClientSecretBasic(secret) : client.None(), algorithm);
}

export async function configure(
  server: TestApp,
  id: string,
  authentication: client.ClientAuth,
  algorithm: 'oidc' | 'oauth2' = 'oidc',
): Promise<client.Configuration> {
  return client.discovery(new URL(server.url), id, undefined, authentication, {
    algorithm,
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
}

/** An authorization request with everything a careful app sends, and what it must remember until the answer. */
export async function authorizationRequest(config: client.Configuration, more: Record<string, string> = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const parameters = {
    redirect_uri: callback,
    scope: 'openid email',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  };
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return { parameters, url: client.buildAuthorizationUrl(config, parameters), checks };
}

export const callback = 'https://app.example/callback';

/** Settings of an app with pages of its own on the web. */
export const webApp = {
  name: 'Acme Photos',
  public: false,
  grants: ['authorization_code', 'refresh_token'],
  redirectUris: [callback],
};

/** The OAuth error code of a promise that must be refused. */
export async function refused(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError)
      return error.error;
    if (error instanceof client.WWWAuthenticateChallengeError)
      return error.cause[0]?.parameters.error ?? `status ${error.status}`;
    throw error;
  }
  return 'nothing was refused';
}
