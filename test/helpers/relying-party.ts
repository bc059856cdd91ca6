import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { NewClient } from '../../src/clients/clients.ts';
import { answerPages, type SignedInToApp } from './app-sign-in.ts';
import type { HttpBrowser, HttpPage } from './http-browser.ts';
import type { TestApp } from './test-app.ts';

type Parameters = Record<string, string | undefined>;
type TokenAnswer = { status: number; type: string; body: Record<string, unknown> };
type Answers = { email?: string; decision?: 'approve' | 'decline' };

/** What the app hears back: the parameters of the response, and how they came. */
export type Answered = Pick<SignedInToApp, 'steps'> & {
  page: HttpPage;
  response: Record<string, string>;
  sent: Record<string, string>;
  verifier: string | undefined;
};

export const callback = 'https://app.example/callback';
export const signedOut = 'https://app.example/post_logout_redirect';

/** An app as the OpenID conformance suite is one: with a secret, no library, and nothing done for it. */
export type RelyingParty = {
  id: string;
  secret: string;
  /** Sends a person to the authorization endpoint and waits until they come back; `undefined` leaves a parameter out. */
  authorize(person: HttpBrowser, more?: Parameters, how?: Answers & { method?: 'GET' | 'POST' }): Promise<Answered>;
  /** A request for the authorization endpoint, and what it takes to redeem the code that answers it. */
  prepare(more?: Parameters): { url: string; sent: Record<string, string>; verifier: string | undefined };
  /** The parameters of the response, as they came back on this page. */
  receive(page: HttpPage, mode?: string): Record<string, string>;
  /** Opens the authorization endpoint and goes no further. */
  ask(person: HttpBrowser, more?: Parameters, method?: 'GET' | 'POST'): Promise<HttpPage>;
  redeem(answered: Pick<Answered, 'response' | 'verifier'>, by?: 'basic' | 'post'): Promise<TokenAnswer>;
  refresh(token: string): Promise<TokenAnswer>;
  /** All of it: the person is back with a code, the code is redeemed, the ID token holds. */
  signIn(person: HttpBrowser, more?: Parameters, how?: Answers & { by?: 'basic' | 'post' }): Promise<SignedInApp>;
};

export type SignedInApp = Answered & {
  accessToken: string;
  refreshToken: string | undefined;
  idToken: string;
  claims: JWTPayload;
};

export async function registerRelyingParty(server: TestApp, settings: Partial<NewClient> = {}): Promise<RelyingParty> {
  const { id, secret = '' } = await server.createClient({
    name: 'Acme Photos',
    public: false,
    grants: ['authorization_code', 'refresh_token'],
    redirectUris: [callback],
    postLogoutRedirectUris: [signedOut],
    ...settings,
  });
  const redirectUri = settings.redirectUris?.[0] ?? callback;
  const keys = createRemoteJWKSet(new URL('/jwks', server.url));

  const parametersOf = (more: Parameters): { sent: Record<string, string>; verifier: string } => {
    const verifier = randomBytes(32).toString('base64url');
    const all: Parameters = {
      client_id: id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid',
      state: randomBytes(96).toString('base64url'),
      nonce: randomBytes(12).toString('base64url'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    };
    return { sent: defined(all), verifier };
  };

  const open = (person: HttpBrowser, sent: Record<string, string>, method: 'GET' | 'POST') =>
    method === 'GET'
      ? person.open(`/auth?${new URLSearchParams(sent)}`)
      : person.post('/auth', sent, { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' });

  const token = async (fields: Record<string, string>, by: 'basic' | 'post' = 'basic'): Promise<TokenAnswer> => {
    const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const own: Record<string, string> = by === 'post' ? { client_id: id, client_secret: secret } : {};
    const answer = await fetch(`${server.url}/token`, {
      method: 'POST',
      headers: by === 'basic' ? { authorization: basic } : {},
      body: new URLSearchParams({ ...fields, ...own }),
    });
    const body = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', body };
  };

  const party: RelyingParty = {
    id,
    secret,
    prepare(more = {}) {
      const { sent, verifier } = parametersOf(more);
      const url = `${server.url}/auth?${new URLSearchParams(sent)}`;
      return { url, sent, verifier: sent.code_challenge && verifier };
    },
    receive: (page, mode) => receive(page, redirectUri, mode),
    ask: (person, more, method = 'GET') => open(person, party.prepare(more).sent, method),

    async authorize(person, more, { method = 'GET', ...answers } = {}) {
      const { sent, verifier } = party.prepare(more);
      const { steps, page } = await answerPages(person, await open(person, sent, method), answers);
      const response = party.receive(page, sent.response_mode);
      return { steps, page, response, sent, verifier };
    },

    redeem: ({ response, verifier }, by) =>
      token(
        defined({
          grant_type: 'authorization_code',
          code: response.code,
          redirect_uri: redirectUri,
          code_verifier: verifier,
        }),
        by,
      ),

    refresh: (refresh_token) => token({ grant_type: 'refresh_token', refresh_token }),

    async signIn(person, more, { by, ...answers } = {}) {
      const answered = await party.authorize(person, more, answers);
      const { response, sent } = answered;
      assert.equal(response.error, undefined, `${response.error_description}`);
      assert.equal(response.state, sent.state);
      assert.equal(response.iss, server.url);
      const { status, type, body } = await party.redeem(answered, by);
      assert.equal(status, 200, JSON.stringify(body));
      assert.match(type, /^application\/json/);
      const idToken = String(body.id_token);
      const { payload: claims } = await jwtVerify(idToken, keys, { issuer: server.url, audience: id });
      assert.equal(claims.nonce, sent.nonce);
      const refreshToken = body.refresh_token === undefined ? undefined : String(body.refresh_token);
      return { ...answered, accessToken: String(body.access_token), refreshToken, idToken, claims };
    },
  };
  return party;
}

/** The parameters of the response, as an app reads them from its address or from the form that a browser posts to it. */
function receive(page: HttpPage, redirectUri: string, mode = 'query'): Record<string, string> {
  if (mode !== 'form_post') {
    const { origin, pathname, search, hash } = page.url;
    assert.equal(origin + pathname, redirectUri);
    return Object.fromEntries(new URLSearchParams(mode === 'fragment' ? hash.slice(1) : search));
  }
  const form = page.root.querySelector('form[data-press]');
  assert.ok(form, `no form to the app on ${page.url}:\n${page.text}`);
  assert.equal(form.getAttribute('action'), redirectUri);
  const inputs = form.querySelectorAll('input');
  return Object.fromEntries(inputs.map((input) => [input.getAttribute('name'), input.getAttribute('value')]));
}

function defined(all: Parameters): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined));
}
