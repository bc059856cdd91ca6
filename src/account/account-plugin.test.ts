import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, issuer, type People } from '../../test/helpers/people.ts';
import { createSoftwareAuthenticator } from '../../test/helpers/software-authenticator.ts';
import { hours, minutes } from '../clock.ts';

const email = 'new.person@example.org';

const codeIn = (people: People, index = -1): string => {
  const code = /^ {4}(\d{4} \d{4})$/m.exec(people.mails.at(index)?.text ?? '')?.[1];
  assert.ok(code, 'The mail has a code.');
  return code;
};
const linkIn = (people: People): string => {
  const link = /http:\/\/localhost:3000(\/signup\/link\/[\w-]+)/.exec(people.mails.at(-1)?.text ?? '')?.[1];
  assert.ok(link, 'The mail has a link.');
  return link;
};
const wrongCode = (right: string): string => right.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10));

async function begin(browser: FormBrowser, address = email) {
  await browser.open('/signup');
  return browser.submit({ email: address });
}

async function confirm(people: People, browser: FormBrowser) {
  await begin(browser);
  return browser.submit({ code: codeIn(people) });
}

forEachDatabase((name, open) => {
  test('an account is made by code and password, with scripts off', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser({ language: 'de' });
    assert.equal((await begin(browser)).url, '/signup/confirm');
    assert.ok(browser.shown.text.includes(email));
    assert.equal(people.mails[0]?.to, email);
    assert.equal(people.mails[0]?.subject.match(/\d/), null, 'no code in the subject');
    assert.equal((await browser.submit({ code: codeIn(people) })).url, '/signup/protect');
    assert.equal(await people.accounts.findByEmail(email), undefined, 'there is no account before it is protected');

    assert.equal((await browser.submit({ password: goodPassword })).url, '/home');
    const account = await people.accounts.findByEmail(email);
    assert.equal(account?.locale, 'de');
    const { signedIn } = JSON.parse(browser.shown.body);
    assert.equal(signedIn.current.accountId, account?.id);
    assert.deepEqual(signedIn.current.methods, ['pwd']);
    const events = (await people.journal.recent(account?.id as never, 9)).map(({ type }) => type);
    assert.deepEqual(events.sort(), ['account_created', 'signed_in']);
  });

  test('an account is made with a passkey, which then signs in', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await confirm(people, browser);
    const device = createSoftwareAuthenticator({ origin: issuer });
    const shown = await browser.submit({ credential: device.create(browser.passkeyOptions('create')) });
    assert.equal(shown.url, '/home');
    const account = await people.accounts.findByEmail(email);
    assert.ok(account);
    assert.deepEqual(await people.authenticators.methodsOf(account.id), {
      ...{ password: false, passkeys: 1, app: false, keys: 0, recoveryCodes: 0 },
    });

    const later = people.newBrowser();
    await later.open('/signin');
    await later.submit({ credential: device.get(later.passkeyOptions('get')) });
    assert.equal(JSON.parse(later.shown.body).signedIn.current.accountId, account.id);
  });

  test('the link, opened on another device, confirms by a button only and lets the first browser go on', async () => {
    const people = await createPeople(open);
    const laptop = people.newBrowser();
    const phone = people.newBrowser();
    await begin(laptop);
    assert.equal((await laptop.open('/signup/confirm/state')).body, '{"state":"waiting"}');

    const link = linkIn(people);
    await phone.open(link);
    assert.match(phone.shown.text, /did not start in this browser/);
    assert.equal((await laptop.open('/signup/confirm')).url, '/signup/confirm', 'opening the link changes nothing');

    await phone.open(link);
    await phone.submit({}, link);
    assert.match(phone.shown.text, /Go back to where you started/);
    assert.equal((await phone.open('/signup/protect')).url, '/signup', 'the phone gets no account');

    assert.equal((await laptop.open('/signup/confirm/state')).body, '{"state":"confirmed"}');
    await laptop.open('/signup/link/unknown');
    const csrf = laptop.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const late = await laptop.post('/signup/confirm', { csrf, code: '00000000' });
    assert.equal(late.url, '/signup/protect', 'a code sent after that does not matter');
    assert.equal((await laptop.open('/signup/confirm')).url, '/signup/protect');
    assert.equal((await laptop.submit({ password: goodPassword })).url, '/home');
  });

  test('the link, opened in the same browser, goes on there', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await begin(browser);
    await browser.open(linkIn(people));
    assert.doesNotMatch(browser.shown.text, /did not start in this browser/);
    assert.equal((await browser.submit({}, linkIn(people))).url, '/signup/protect');
  });

  test('F5: for a taken address pages, tries and times are the same, and the mail tells its owner', async () => {
    const people = await createPeople(open);
    await people.addAccount('taken@example.org');
    const [fresh, taken] = [people.newBrowser(), people.newBrowser()];
    const same = async (
      act: (browser: FormBrowser, address: string) => Promise<{ status: number; url: string; body: string }>,
    ) => {
      const plain = ({ status, url, body }: { status: number; url: string; body: string }, address: string) => ({
        status,
        url,
        body: body
          .replaceAll('<wbr/>', '')
          .replaceAll(address, 'ADDRESS')
          .replace(/(name="csrf" value=")[^"]*/g, '$1'),
      });
      const one = plain(await act(fresh, 'fresh@example.org'), 'fresh@example.org');
      const other = plain(await act(taken, 'taken@example.org'), 'taken@example.org');
      assert.deepEqual(one, other);
      return one;
    };
    await same((browser, address) => begin(browser, address));
    assert.equal(people.mails[1]?.subject, 'You already have an account');
    assert.match(people.mails[1]?.text ?? '', /http:\/\/localhost:3000\/signin/);
    assert.doesNotMatch(people.mails[1]?.text ?? '', /\d{4} \d{4}/);
    for (let i = 0; i < 7; i += 1) {
      const { status } = await same((browser) => browser.submit({ code: '0000 0000' }));
      assert.equal(status, 422);
    }
    await same((browser) => browser.submit({ action: 'resend' }));
    await same((browser) => browser.open('/signup/confirm/state'));
    people.clock.advance(hours(0.4));
    await same((browser) => browser.open('/signup/confirm'));
  });

  test('E11: five wrong codes end a code; a new one works, and starts its own count', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await begin(browser);
    const right = codeIn(people);
    for (let i = 0; i < 4; i += 1) {
      const shown = await browser.submit({ code: wrongCode(right) });
      assert.equal(shown.status, 422);
      assert.match(shown.text, /That code is not right/);
    }
    assert.match((await browser.submit({ code: wrongCode(right) })).text, /wrong too often/);
    assert.match((await browser.submit({ code: right })).text, /wrong too often/);
    await browser.submit({ action: 'resend' });
    assert.match(browser.shown.text, /We sent another email/);
    assert.equal((await browser.submit({ code: codeIn(people) })).url, '/signup/protect');
  });

  test('E11: guesses sent at once are all counted', async () => {
    const people = await createPeople(open);
    const place = { email, browserId: 'B'.repeat(22) };
    const { code } = await people.signup.begin(place);
    const guesses = await Promise.all(
      Array.from({ length: 12 }, () => people.signup.confirmByCode(place, wrongCode(code))),
    );
    assert.equal(guesses.filter((result) => result === 'wrong').length, 4);
    assert.equal(await people.signup.confirmByCode(place, code), 'no-tries-left');
  });

  test('a new code leaves the one before valid to its own end', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await begin(browser);
    people.clock.advance(minutes(20));
    await browser.submit({ action: 'resend' });
    assert.equal(people.mails.length, 2);
    assert.equal((await browser.submit({ code: codeIn(people, 0) })).url, '/signup/protect');
  });

  test('E15: a code and a link are dead after an hour, and say so', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await begin(browser);
    // Twice, because the browser's own memory of the flow is half an hour.
    people.clock.advance(minutes(25));
    await begin(browser);
    const [first, second] = [codeIn(people, 0), codeIn(people, 1)];
    const link = linkIn(people);
    people.clock.advance(minutes(36));
    await browser.open(link);
    assert.match(browser.shown.text, /Confirm your email/);
    const place = { email, browserId: browser.cookies.get('latchkey-browser') ?? '' };
    assert.equal(await people.signup.confirmByCode(place, first), 'wrong');
    people.clock.advance(minutes(25));
    assert.equal(await people.signup.confirmByCode(place, second), 'expired');
    const shown = await browser.open(link);
    assert.equal(shown.status, 404);
    assert.match(shown.text, /does not work any more/);
  });

  test('E11: a code works in the browser that asked for it only', async () => {
    const people = await createPeople(open);
    const [browser, stranger] = [people.newBrowser(), people.newBrowser()];
    await begin(browser);
    const code = codeIn(people);
    await begin(stranger);
    assert.equal((await stranger.submit({ code })).status, 422);
    assert.equal((await browser.submit({ code })).url, '/signup/protect');
  });

  test('F20: no step can be skipped', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    assert.equal((await browser.open('/signup/confirm')).url, '/signup');
    assert.equal((await browser.open('/signup/protect')).url, '/signup');
    await begin(browser);
    assert.equal((await browser.open('/signup/protect')).url, '/signup/confirm');
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    await browser.post('/signup/protect', { csrf, password: goodPassword });
    assert.equal(browser.shown.url, '/signup/confirm');
    assert.equal(await people.accounts.findByEmail(email), undefined);
  });

  test('an account made meanwhile: nothing is overwritten, and the page says to sign in', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await confirm(people, browser);
    const account = await people.addAccount(email, 'made by somebody else');
    const shown = await browser.submit({ password: goodPassword });
    assert.equal(shown.status, 409);
    assert.match(shown.text, /You already have an account/);
    assert.equal(await people.authenticators.verifyPassword(account.id, goodPassword), false);
    assert.equal(await people.authenticators.verifyPassword(account.id, 'made by somebody else'), true);
  });

  test('one confirmed address makes one account, however often the last form is sent at once', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await confirm(people, browser);
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const sent = await Promise.all(
      Array.from({ length: 4 }, () => browser.post('/signup/protect', { csrf, password: goodPassword })),
    );
    assert.equal(sent.filter(({ url, status }) => url === '/home' && status === 200).length >= 1, true);
    assert.equal((await people.accounts.list()).length, 1);
  });

  test('E1, E4: a weak password is refused with its reason, and not shown again', async () => {
    const people = await createPeople(open);
    const browser = people.newBrowser();
    await confirm(people, browser);
    const weak: [string, RegExp][] = [
      ['gravel', /must have 15 characters or more. Yours has 6/],
      ['passwordpassword', /repeats itself/],
      ['new.person.2026!', /your email address/],
    ];
    for (const [password, words] of weak) {
      const shown = await browser.submit({ password });
      assert.equal(shown.status, 422);
      assert.match(shown.text, words);
      assert.match(shown.root.querySelector('title')?.text ?? '', /^Error:/);
      assert.equal(shown.body.includes(`value="${password}"`), false);
    }
    assert.equal(await people.accounts.findByEmail(email), undefined);
  });

  if (name === 'SQLite') {
    test('an address that cannot be one is kept and explained', async () => {
      const people = await createPeople(open);
      const browser = people.newBrowser();
      await browser.open('/signup');
      const shown = await browser.submit({ email: 'ann at example' });
      assert.equal(shown.status, 422);
      assert.equal(shown.root.querySelector('#email')?.getAttribute('value'), 'ann at example');
      assert.match((await browser.submit({ email: '' })).text, /Enter your email address/);
      assert.equal(people.mails.length, 0);
    });

    test('F21: five mails an hour go to one address, then 429 with the time', async () => {
      const people = await createPeople(open);
      for (let i = 0; i < 5; i += 1) assert.equal((await begin(people.newBrowser())).status, 200);
      const refused = await begin(people.newBrowser());
      assert.equal(refused.status, 429);
      assert.equal(Number(refused.headers['retry-after']), 3600);
      assert.equal(people.mails.length, 5);
      people.clock.advance(hours(1));
      assert.equal((await begin(people.newBrowser())).status, 200);
    });

    test('F33: a mail that cannot be handed over says so and changes nothing', async () => {
      const people = await createPeople(open);
      people.breakMail();
      const browser = people.newBrowser();
      const shown = await begin(browser);
      assert.equal(shown.status, 503);
      assert.equal((await browser.open('/signup/confirm')).url, '/signup');
    });

    test('F16: forms of another browser or without a token are refused', async () => {
      const people = await createPeople(open);
      const browser = people.newBrowser();
      await browser.open('/signup');
      assert.equal((await browser.post('/signup', { email })).status, 403);
      const stranger = people.newBrowser();
      await stranger.open('/signup');
      const csrf = stranger.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      assert.equal((await browser.post('/signup', { email, csrf })).status, 403);
      assert.equal(people.mails.length, 0);
    });

    test('a link nobody made is answered like one that ran out', async () => {
      const people = await createPeople(open);
      const shown = await people.newBrowser().open('/signup/link/AAAAAAAAAAAAAAAAAAAAAA');
      assert.equal(shown.status, 404);
      assert.match(shown.text, /does not work any more/);
    });
  }
});
