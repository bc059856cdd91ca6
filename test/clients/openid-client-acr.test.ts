import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { generateSync } from 'otplib';
import { createAccounts } from '../../src/account/account.ts';
import { createAuthenticators } from '../../src/authenticators/authenticators.ts';
import { minutes, seconds } from '../../src/clock.ts';
import type { AccountId } from '../../src/ids.ts';
import { poll, type RequestedCode, refresh, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage, signIn } from '../helpers/http-browser.ts';
import { createSoftwareAuthenticator } from '../helpers/software-authenticator.ts';
import { authorizationRequest, refused, registerApp, webApp } from '../helpers/standard-client.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

type Passkey = ReturnType<typeof createSoftwareAuthenticator>;

/** `acr`, `amr` and `auth_time` say what happened, and an app can ask for more (E26, E37; RFC 9470). */
describe('openid-client and the strength of a sign-in', () => {
  let server: TestApp;
  let config: client.Configuration;
  let person: HttpBrowser;
  let codeOfKim: () => string;
  let passkey: Passkey;
  const [sam, kim, lea] = ['sam@example.org', 'kim@example.org', 'lea@example.org'];

  before(async () => {
    server = await startTestApp();
    await server.createAccount(sam);
    codeOfKim = await addApp(await server.createAccount(kim));
    passkey = await addPasskey(await server.createAccount(lea));
    config = await registerApp(server, webApp);
  });
  after(() => server.stop());
  beforeEach(() => {
    person = createHttpBrowser(server.url);
  });

  const authenticators = () => {
    const accounts = createAccounts(server.outside);
    return {
      accounts,
      ...createAuthenticators({ ...server.outside, userIdOf: (id) => accounts.passkeyUserId(id) }),
    };
  };
  const addApp = async (accountId: AccountId): Promise<() => string> => {
    const { beginApp, finishApp } = authenticators();
    const setup = beginApp(accountId, kim);
    const code = () => generateSync({ secret: setup.secret, epoch: Math.floor(server.clock.now() / 1000) });
    assert.ok(await finishApp(accountId, setup, code()));
    return () => {
      // Each code is good once.
      server.clock.advance(seconds(30));
      return code();
    };
  };
  const addPasskey = async (accountId: AccountId): Promise<Passkey> => {
    const { accounts, passkeys, addPasskey: add } = authenticators();
    const device = createSoftwareAuthenticator({ origin: server.url });
    const ask = { purpose: 'add' as const, browserId: 'B'.repeat(22) };
    const userId = (await accounts.passkeyUserId(accountId)) ?? '';
    // Challenges live in the memory of the server: these rooms share it.
    const credential = device.create(await passkeys.creationOptions({ ...ask, email: lea, userId }));
    const made = await passkeys.verifyCreation({ ...ask, credential });
    assert.ok(made && (await add(accountId, made.passkey)));
    return device;
  };

  const credentialFor = (page: HttpPage): string => {
    const options = page.root.querySelector('[data-passkey="get"]')?.getAttribute('data-options');
    assert.ok(options, `no passkey is asked for on ${page.url}`);
    return passkey.get(JSON.parse(options));
  };
  const signInByPasskey = async () => {
    const start = await person.open('/signin');
    return person.submit(start, { credential: credentialFor(start) });
  };
  const signInWithCode = async () => person.submit(await signIn(person, kim, testPassword), { code: codeOfKim() });

  /** Follows an authorization request to its end; what the person was asked on the way. */
  const ask = async (more: Record<string, string> = {}) => {
    const { url, checks } = await authorizationRequest(config, more);
    const asked: string[] = [];
    let page = await person.open(url.href);
    while (page.url.origin === server.url) {
      assert.ok(asked.length < 5, `asked too much: ${asked}`);
      if (page.root.querySelector('button[name="decision"]')) {
        page = await person.submit(page, {}, { name: 'decision', value: 'approve' });
        continue;
      }
      assert.equal(page.url.pathname, '/prove', page.text);
      const byPassword = page.root.querySelector('input[name="password"]') !== null;
      const byPasskey = page.root.querySelector('[data-passkey="get"]') !== null;
      asked.push([byPasskey && 'passkey', byPassword && 'password'].filter(Boolean).join(' or '));
      page = byPasskey
        ? await person.submit(page, { credential: credentialFor(page) })
        : await person.submit(page, { password: testPassword });
    }
    const answer = client.authorizationCodeGrant(config, page.url, checks);
    return { asked, answer };
  };
  const claimsOf = async (more: Record<string, string> = {}) => {
    const { asked, answer } = await ask(more);
    const { acr, amr, auth_time: at } = { ...(await answer).claims() } as Record<string, unknown>;
    return { asked, acr, amr, age: Math.round(server.clock.now() / 1000 - Number(at)) };
  };

  it('says in its metadata what can be asked for', () => {
    const metadata = config.serverMetadata();
    assert.deepEqual(metadata.acr_values_supported, ['aal1', 'aal2', 'phr']);
    assert.equal(metadata.claims_parameter_supported, true);
  });

  it('a password is one factor, a code makes it two, a passkey cannot be phished', async () => {
    await signIn(person, sam, testPassword);
    const { age: _age, ...one } = await claimsOf();
    assert.deepEqual(one, { asked: [], acr: 'aal1', amr: ['pwd'] });

    person = createHttpBrowser(server.url);
    await signInWithCode();
    const { age: _two, ...two } = await claimsOf();
    assert.deepEqual(two, { asked: [], acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });

    person = createHttpBrowser(server.url);
    await signInByPasskey();
    const { age: _three, ...three } = await claimsOf();
    assert.deepEqual(three, { asked: [], acr: 'phr', amr: ['pop', 'user', 'mfa'] });
  });

  it('acr_values asks whoever signed in more weakly for more, by what is strong enough alone', async () => {
    await signIn(person, lea, testPassword);
    server.clock.advance(minutes(3));
    assert.equal((await claimsOf()).acr, 'aal1');
    const stronger = await claimsOf({ acr_values: 'phr' });
    assert.deepEqual(stronger.asked, ['passkey']);
    assert.equal(stronger.acr, 'phr');
    assert.ok(stronger.age < 60, 'auth_time is of that proof');
    assert.deepEqual((await claimsOf({ acr_values: 'phr' })).asked, [], 'and once is enough');
  });

  it('a stronger sign-in means the weaker ones too, and the answer is one of those asked for', async () => {
    await signInByPasskey();
    assert.equal((await claimsOf({ acr_values: 'aal2' })).acr, 'aal2');
    assert.equal((await claimsOf({ acr_values: 'aal2 phr' })).acr, 'phr');
    const essential = { id_token: { acr: { essential: true, value: 'aal1' } } };
    assert.equal((await claimsOf({ claims: JSON.stringify(essential) })).acr, 'aal1');
    assert.equal((await claimsOf()).acr, 'phr', 'whoever asks for none hears the truth');
  });

  it('E26: a code of an app never resists phishing', async () => {
    await signInWithCode();
    assert.equal(await refused((await ask({ acr_values: 'phr' })).answer), 'unmet_authentication_requirements');
    assert.equal((await claimsOf({ acr_values: 'aal2' })).acr, 'aal2');
  });

  it('what the account cannot reach, or nobody knows, is refused to the app', async () => {
    await signIn(person, sam, testPassword);
    const unmet = 'unmet_authentication_requirements';
    assert.equal(await refused((await ask({ acr_values: 'aal2' })).answer), unmet);
    assert.equal(await refused((await ask({ acr_values: 'urn:example:gold' })).answer), unmet);
    const essential = { id_token: { acr: { essential: true, values: ['phr', 'aal2'] } } };
    assert.equal(await refused((await ask({ claims: JSON.stringify(essential) })).answer), unmet);
    assert.equal((await claimsOf({ acr_values: 'urn:example:gold aal1' })).acr, 'aal1');
  });

  it('prompt=none: login_required when the sign-in was too weak', async () => {
    await signIn(person, lea, testPassword);
    await claimsOf();
    const { url, checks } = await authorizationRequest(config, { prompt: 'none', acr_values: 'phr' });
    const page = await person.open(url.href);
    assert.equal(await refused(client.authorizationCodeGrant(config, page.url, checks)), 'login_required');
  });

  it('whoever signs out and in again more weakly is not taken for what they were', async () => {
    await signInByPasskey();
    assert.equal((await claimsOf()).acr, 'phr');
    await person.submit(await person.open('/signout'), {});
    server.clock.advance(seconds(5));
    await signIn(person, lea, testPassword);
    const weaker = await claimsOf();
    assert.deepEqual([weaker.acr, weaker.amr], ['aal1', ['pwd']]);
    assert.ok(weaker.age < 5);
  });

  it('single claims are named on the permissions page like the scopes that tell as much', async () => {
    await signIn(person, kim, testPassword).then((page) => person.submit(page, { code: codeOfKim() }));
    const other = await registerApp(server, { ...webApp, name: 'Nosy' });
    const claims = JSON.stringify({ userinfo: { email: null } });
    const { url } = await authorizationRequest(other, { scope: 'openid', claims });
    const page = await person.open(url.href);
    const plain = await person.open((await authorizationRequest(other, { scope: 'openid' })).url.href);
    const withScope = await person.open((await authorizationRequest(other, { scope: 'openid email' })).url.href);
    assert.notEqual(page.text, plain.text);
    assert.equal(page.text.replace(/\s+/g, ' '), withScope.text.replace(/\s+/g, ' '));
  });

  describe('a linked device', () => {
    let tv: string;
    before(async () => {
      tv = (await server.createClient()).id;
    });

    const toPermission = async ({ user_code: code }: RequestedCode): Promise<HttpPage> => {
      const review = await person.submit(await person.open('/link'), { user_code: code });
      return person.submit(review, {}, { name: 'decision', value: 'approve' });
    };
    const tokensOf = async ({ device_code: code }: RequestedCode) => {
      const { status, body } = await poll(server.url, tv, code);
      assert.equal(status, 200, JSON.stringify(body));
      return { claims: decode(body.id_token), refreshToken: String(body.refresh_token) };
    };
    const decode = (token: unknown) =>
      JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

    it('tells in its tokens, and in those after a refresh, how the person proved themselves', async () => {
      await signInByPasskey();
      const code = await requestCode(server.url, tv);
      await toPermission(code);
      const { claims, refreshToken } = await tokensOf(code);
      assert.deepEqual([claims.acr, claims.amr], ['phr', ['pop', 'user', 'mfa']]);
      const later = await refresh(server.url, tv, refreshToken);
      const again = decode(later.body.id_token);
      assert.deepEqual([again.acr, again.amr, again.auth_time], [claims.acr, claims.amr, claims.auth_time]);
    });

    it('may ask for a proof that cannot be phished', async () => {
      await signIn(person, lea, testPassword);
      const code = await requestCode(server.url, tv, { acr_values: 'phr' });
      const prove = await toPermission(code);
      assert.match(prove.url.pathname, /\/prove$/);
      assert.equal(prove.root.querySelector('input[name="password"]'), null);
      await person.submit(prove, { credential: credentialFor(prove) });
      assert.equal((await tokensOf(code)).claims.acr, 'phr');
    });

    it('is not linked by an account that has nothing as strong', async () => {
      await signIn(person, sam, testPassword);
      const code = await requestCode(server.url, tv, { acr_values: 'phr' });
      const prove = await toPermission(code);
      assert.match(prove.text, /stronger way to prove/);
      const csrf = prove.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      const forced = await person.post(prove.url.pathname, { csrf, password: testPassword });
      assert.equal(forced.status, 422);
      assert.equal((await poll(server.url, tv, code.device_code)).body.error, 'authorization_pending');
    });

    it('max_age: a proof from long before the code was asked for is not enough', async () => {
      await signIn(person, sam, testPassword);
      server.clock.advance(seconds(10));
      for (const asked of [{ max_age: '0' }, { max_age: '5' }]) {
        const code = await requestCode(server.url, tv, asked);
        server.clock.advance(seconds(1));
        const prove = await toPermission(code);
        assert.match(prove.url.pathname, /\/prove$/, JSON.stringify(asked));
        await person.submit(prove, { password: testPassword });
        const { claims } = await tokensOf(code);
        assert.ok(server.clock.now() / 1000 - claims.auth_time < 5);
        server.clock.advance(seconds(10));
      }
    });
  });
});
