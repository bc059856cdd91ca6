// oauth4webapi: a terminal that is linked, and a web app that sends its people to sign in.
import * as oauth from 'oauth4webapi';
import { enters, isTold, opens, settings } from './person.mjs';

const issuer = new URL(settings.issuer);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const scope = 'openid email offline_access';

// A terminal.
const tv = { client_id: settings.tv.id };
const none = oauth.None();
const asked = await oauth.processDeviceAuthorizationResponse(
  server,
  tv,
  await oauth.deviceAuthorizationRequest(server, tv, none, { scope }),
);
const poll = async () =>
  oauth.processDeviceCodeResponse(server, tv, await oauth.deviceCodeGrantRequest(server, tv, none, asked.device_code));
const pending = await poll().catch(({ error }) => error);
await enters(asked.user_code);
const linked = await poll();
const refreshed = await oauth.processRefreshTokenResponse(
  server,
  tv,
  await oauth.refreshTokenGrantRequest(server, tv, none, linked.refresh_token),
);
const isActive = async () => {
  const answer = await oauth.introspectionRequest(server, tv, none, refreshed.access_token);
  return (await oauth.processIntrospectionResponse(server, tv, answer)).active;
};
const active = [await isActive()];
await oauth.processRevocationResponse(await oauth.revocationRequest(server, tv, none, refreshed.refresh_token));
active.push(await isActive());

// A web app.
const web = { client_id: settings.web.id };
const secret = oauth.ClientSecretBasic(settings.web.secret);
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const address = new URL(server.authorization_endpoint);
address.search = new URLSearchParams({
  response_type: 'code',
  client_id: web.client_id,
  redirect_uri: settings.callback,
  scope,
  prompt: 'consent',
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
const back = oauth.validateAuthResponse(server, web, await opens(address), state);
const grant = await oauth.authorizationCodeGrantRequest(server, web, secret, back, settings.callback, verifier);
const expected = { expectedNonce: nonce, requireIdToken: true };
const tokens = await oauth.processAuthorizationCodeResponse(server, web, grant, expected);
await oauth.validateApplicationLevelSignature(server, grant);
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
const userinfo = await oauth.userInfoRequest(server, web, tokens.access_token);
const person = await oauth.processUserInfoResponse(server, web, sub, userinfo);
await oauth.processRefreshTokenResponse(
  server,
  web,
  await oauth.refreshTokenGrantRequest(server, web, secret, tokens.refresh_token),
);

isTold({
  pending,
  rotated: refreshed.refresh_token !== linked.refresh_token,
  active,
  subjects: [oauth.getValidatedIdTokenClaims(linked).sub, person.sub],
});
