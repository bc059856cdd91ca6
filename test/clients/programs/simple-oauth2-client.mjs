// simple-oauth2: a web app that sends its people to sign in. The library has no PKCE of its own: the app adds it.
import { createHash, randomBytes } from 'node:crypto';
import { AuthorizationCode } from 'simple-oauth2';
import { isTold, opens, settings } from './person.mjs';

const web = new AuthorizationCode({
  client: settings.web,
  auth: { tokenHost: settings.issuer, tokenPath: '/token', authorizePath: '/auth', revokePath: '/revoke' },
});
const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(16).toString('base64url')];
const back = await opens(
  web.authorizeURL({
    redirect_uri: settings.callback,
    scope: 'openid email offline_access',
    prompt: 'consent',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }),
);
const code = back.searchParams.get('code');
const tokens = await web.getToken({ code, redirect_uri: settings.callback, code_verifier: verifier });
const refreshed = await tokens.refresh();
const userinfo = async () =>
  fetch(`${settings.issuer}/userinfo`, { headers: { authorization: `Bearer ${refreshed.token.access_token}` } });
const { sub } = await (await userinfo()).json();
await refreshed.revoke('refresh_token');

isTold({
  state: back.searchParams.get('state') === state,
  refreshed: refreshed.token.access_token !== tokens.token.access_token,
  ended: (await userinfo()).status,
  subjects: [sub],
});
