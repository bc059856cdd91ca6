import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { createPeople, goodPassword, type People } from '../../test/helpers/people.ts';
import { days, hours, minutes } from '../clock.ts';
import { countryOf, parsePhone } from './phone.ts';

const own = 'ann@example.org';
const other = 'ann@home.example';
const phone = '+4917612345678';

async function signIn(people: People, email = own): Promise<FormBrowser> {
  const browser = people.newBrowser();
  await browser.open('/signin');
  await browser.submit({ email });
  await browser.submit({ password: goodPassword });
  return browser;
}

const lastTo = (people: People, to: string) =>
  people.mails.findLast((mail) => mail.to === to) ?? assert.fail(`no mail to ${to}`);
const codeTo = (people: People, to: string): string =>
  /^ {4}(\d{4} \d{4})$/m.exec(lastTo(people, to).text)?.[1] ?? assert.fail('no code');
const pathIn = (people: People, to: string, start: string): string => {
  const link = new RegExp(`http://localhost:3000(${start}/[\\w-]+)`);
  const found = people.mails.filter((mail) => mail.to === to).map(({ text }) => link.exec(text)?.[1]);
  return found.findLast((path) => path !== undefined) ?? assert.fail('no link');
};
const linkTo = (people: People, to: string): string => pathIn(people, to, '/security/addresses/link');
const undoTo = (people: People, to: string): string => pathIn(people, to, '/security/email/undo');
const codeByText = (people: People): string =>
  /@localhost #(\d{6})$/.exec(people.texts.at(-1)?.text ?? '')?.[1] ?? assert.fail('no code');
const wrong = (code: string): string => code.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10));

async function beginEmail(browser: FormBrowser, email: string) {
  await browser.open('/security/addresses/email/new');
  return browser.submit({ email });
}
async function addEmail(people: People, browser: FormBrowser, email: string) {
  await beginEmail(browser, email);
  people.clock.advance(1);
  return browser.submit({ code: codeTo(people, email) });
}
async function beginPhone(browser: FormBrowser, number: string) {
  await browser.open('/security/addresses/phone/new');
  return browser.submit({ phone: number });
}
async function changeOwn(people: People, browser: FormBrowser, email: string) {
  await browser.open('/security/email');
  await browser.submit({ email });
  return browser.submit({ code: codeTo(people, email) });
}
const subjectsTo = (people: People, to: string) =>
  people.mails.filter((mail) => mail.to === to).map((mail) => mail.subject);
const valuesOf = async (people: People, id: Awaited<ReturnType<People['addAccount']>>['id']) =>
  (await people.addresses.list(id)).map(({ value }) => value).sort();

forEachDatabase((_name, open) => {
  test('E38: every page that changes an address asks for a fresh proof; looking does not', async () => {
    const people = await createPeople(open);
    await people.addAccount(own);
    const browser = await signIn(people);
    people.clock.advance(minutes(6));
    assert.equal((await browser.open('/security/addresses')).url, '/security/addresses');
    const paths = ['/security/addresses/email/new', '/security/addresses/phone/new', '/security/email'];
    for (const path of [...paths, '/security/addresses/x'])
      assert.equal((await browser.open(path)).url, `/prove?next=${encodeURIComponent(path)}`);
    const csrf = browser.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    for (const path of [...paths, '/security/addresses/x']) {
      await browser.post(path, { csrf, email: other, phone });
      assert.match(browser.shown.url, /^\/prove/, path);
    }
    assert.equal(people.mails.length + people.texts.length, 0);
    const stranger = people.newBrowser();
    for (const path of ['/security/addresses', ...paths, '/security/addresses/confirm/x'])
      assert.equal((await stranger.open(path)).url, '/signin', path);
  });

  test('E16, E19: an address counts once its code is typed; adding and removing are told to all', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    assert.match((await browser.open('/security/addresses')).text, /ann@example\.orgYou sign in with this address/);
    await beginEmail(browser, ' Ann@Home.example ');
    assert.match(browser.shown.url, /^\/security\/addresses\/confirm\//);
    assert.ok(browser.shown.text.includes(other));
    const mail = lastTo(people, other);
    assert.doesNotMatch(mail.subject, /\d/, 'no code in the subject');
    assert.ok(!mail.text.includes(own), 'a typing mistake must not tell a stranger whose address it nearly was');
    assert.deepEqual(await valuesOf(people, id), [], 'not before it is confirmed');
    const code = codeTo(people, other);
    assert.equal((await browser.submit({ code: wrong(code) })).status, 422);
    assert.equal((await browser.submit({ code: '' })).status, 422);
    assert.equal((await browser.submit({ code })).url, '/security/addresses?done=emailAdded');
    assert.deepEqual(await valuesOf(people, id), [other]);
    for (const to of [own, other])
      assert.equal(lastTo(people, to).subject, 'An email address was added to your account');

    await addEmail(people, browser, 'ann@work.example');
    assert.deepEqual(await valuesOf(people, id), [other, 'ann@work.example']);
    const card = browser.shown.root.querySelectorAll('.card a').find((link) => link.text.includes('ann@home'));
    await browser.open(card?.getAttribute('href') ?? '');
    assert.equal((await browser.submit({ action: 'remove' })).url, '/security/addresses?done=emailRemoved');
    for (const to of [own, other, 'ann@work.example'])
      assert.equal(lastTo(people, to).subject, 'An email address was removed from your account');
    assert.deepEqual(await valuesOf(people, id), ['ann@work.example']);
    const events = await people.journal.recent(id, 9);
    const changes = events.filter(({ type }) => type.startsWith('address_'));
    assert.deepEqual(changes.map(({ type, data }) => `${type} ${data?.kind} ${data?.address}`).sort(), [
      'address_added email a•••@h•••.example',
      'address_added email a•••@w•••.example',
      'address_removed email a•••@h•••.example',
    ]);
  });

  test('what cannot be added is said, and nothing is sent', async () => {
    const people = await createPeople(open);
    await people.addAccount(own);
    const browser = await signIn(people);
    await addEmail(people, browser, other);
    const sent = people.mails.length;
    for (const [email, words] of [
      ['', /Enter an email address/],
      ['ann', /in the form/],
      [own, /You sign in with this address/],
      [other, /already/],
    ] as const) {
      await beginEmail(browser, email);
      assert.equal(browser.shown.status, 422);
      assert.match(browser.shown.text, words);
    }
    for (const [number, words] of [
      ['', /Enter a mobile number/],
      ['0176 12345678', /with its country code/],
      ['+49 30 901820', /with its country code/],
      ['+1 900 555 0143', /with its country code/],
    ] as const) {
      await beginPhone(browser, number);
      assert.equal(browser.shown.status, 422);
      assert.match(browser.shown.text, words);
    }
    await browser.open('/security/email');
    assert.match((await browser.submit({ email: own })).text, /is your email address already/);
    assert.equal(people.mails.length, sent);
    assert.equal(people.texts.length, 0);
  });

  test('five of each kind and no more, not even by two browsers at once', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const [browser, second] = [await signIn(people), await signIn(people)];
    for (const n of [1, 2, 3, 4]) await addEmail(people, browser, `ann${n}@home.example`);
    await beginEmail(browser, 'ann5@home.example');
    await beginEmail(second, 'ann6@home.example');
    assert.equal((await browser.submit({ code: codeTo(people, 'ann5@home.example') })).status, 200);
    assert.match(browser.shown.text, /That is all 5/);
    await second.submit({ code: codeTo(people, 'ann6@home.example') });
    assert.match(second.shown.text, /There is no room for another one/);
    assert.equal((await browser.open('/security/addresses/email/new')).url, '/security/addresses');
    assert.equal((await people.addresses.list(id)).length, 5);
  });

  test('the link works in any browser by its button only, and the first browser goes on', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const [laptop, phoneBrowser] = [await signIn(people), people.newBrowser()];
    const waiting = (await beginEmail(laptop, other)).url;
    assert.equal((await laptop.open(`${waiting}/state`)).body, '{"state":"waiting"}');
    const link = linkTo(people, other);
    await phoneBrowser.open(link);
    assert.match(phoneBrowser.shown.text, /You did not start in this browser/);
    assert.match(phoneBrowser.shown.text, /a•••@e•••\.org/);
    assert.ok(!phoneBrowser.shown.body.includes(own), 'a mailbox does not tell whose account it is');
    assert.deepEqual(await valuesOf(people, id), [], 'opening changes nothing');
    await phoneBrowser.submit({}, link);
    assert.match(phoneBrowser.shown.text, /Email address confirmed/);
    assert.deepEqual(await valuesOf(people, id), [other]);
    assert.equal((await laptop.open(`${waiting}/state`)).body, '{"state":"confirmed"}');
    assert.equal((await laptop.open(waiting)).url, '/security/addresses?done=emailAdded');
    assert.equal(subjectsTo(people, own).length, 1, 'told once');
    await phoneBrowser.open(link);
    assert.match(phoneBrowser.shown.text, /Email address confirmed/, 'a second press finds it done');
    assert.equal((await phoneBrowser.open(`${link}x`)).status, 404);
  });

  test('E11: five tries per code, counted before they are compared, also at once', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    const { url, root } = await beginEmail(browser, other);
    const csrf = root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const code = codeTo(people, other);
    await Promise.all(Array.from({ length: 5 }, () => browser.post(url, { csrf, code: wrong(code) })));
    await browser.open(url);
    await browser.submit({ code });
    assert.match(browser.shown.text, /wrong too often/);
    assert.deepEqual(await valuesOf(people, id), []);
    await browser.submit({ action: 'resend' });
    assert.match(browser.shown.text, /We sent another code/);
    await browser.submit({ code: codeTo(people, other) });
    assert.deepEqual(await valuesOf(people, id), [other]);
  });

  test('E15: a code by text lasts ten minutes, by mail an hour; a new one leaves earlier ones good', async () => {
    const people = await createPeople(open);
    await people.addAccount(own);
    const browser = await signIn(people);
    await beginPhone(browser, '+49 176 1234 5678');
    const first = codeByText(people);
    await browser.submit({ action: 'resend' });
    assert.notEqual(people.texts.length, 1);
    people.clock.advance(minutes(9));
    await browser.submit({ code: first });
    assert.equal(browser.shown.url, '/security/addresses?done=phoneAdded');
    assert.match(browser.shown.text, /\+49 176 12345678/);

    await browser.open('/security/addresses/phone/new');
    await browser.submit({ password: goodPassword });
    await browser.submit({ phone: '+49 151 12345678' });
    people.clock.advance(minutes(10));
    await browser.submit({ code: codeByText(people) });
    assert.match(browser.shown.text, /has run out/);

    await browser.open('/security/addresses/email/new');
    await browser.submit({ password: goodPassword });
    await browser.submit({ email: other });
    people.clock.advance(hours(1));
    await browser.submit({ code: codeTo(people, other) });
    assert.match(browser.shown.text, /has run out/);
    assert.equal((await browser.open(linkTo(people, other))).status, 404);
  });

  test('E23, E24: the page says that texts are the weakest way; budgets end them, with words', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    await browser.open('/security/addresses/phone/new');
    assert.match(browser.shown.text, /Text messages are the weakest way.*Another email address/);
    await beginPhone(browser, phone);
    const [text] = people.texts;
    assert.equal(text?.to, phone);
    assert.match(text?.text ?? '', /^\d{6} is your Latchkey code\..*\n\n@localhost #\d{6}$/);
    assert.doesNotMatch(text?.text ?? '', /https?:|www\./);
    await browser.submit({ action: 'resend' });
    await browser.submit({ action: 'resend' });
    await browser.submit({ action: 'resend' });
    assert.equal(browser.shown.status, 422);
    assert.match(browser.shown.text, /as many text messages as we may/);
    assert.equal(people.texts.length, 3);
    await browser.submit({ code: codeByText(people) });
    assert.deepEqual(await valuesOf(people, id), [phone]);
    assert.equal(subjectsTo(people, own).at(-1), 'A phone number was added to your account');
    assert.ok(!lastTo(people, own).text.includes('12345678'), 'masked');
  });

  test('F21: one account cannot have strangers written to without end', async () => {
    const people = await createPeople(open);
    await people.addAccount(own);
    const browser = await signIn(people);
    for (let n = 0; n < 10; n += 1) await beginEmail(browser, `stranger${n}@home.example`);
    assert.equal((await beginEmail(browser, 'stranger10@home.example')).status, 429);
    assert.equal(people.mails.length, 10);
  });

  test('F12: what one account or session waits for is unknown to others', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    await people.addAccount('eve@example.org');
    const [browser, elsewhere, eve] = [
      await signIn(people),
      await signIn(people),
      await signIn(people, 'eve@example.org'),
    ];
    const { url } = await beginEmail(browser, other);
    for (const stranger of [eve, elsewhere]) assert.equal((await stranger.open(url)).url, '/security/addresses');
    await browser.submit({ code: codeTo(people, other) });
    const [address] = await people.addresses.list(id);
    assert.equal((await eve.open(`/security/addresses/${address?.id}`)).status, 404);
    await addEmail(people, eve, other);
    assert.match(eve.shown.text, /ann@home\.example/, 'F5: one address may stand by several accounts');
  });

  test('signing out everywhere ends what was asked for', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    await browser.open('/security/email');
    await browser.submit({ email: 'eve@example.net' });
    const link = linkTo(people, 'eve@example.net');
    await people.signin.endSessionsOf(id, undefined, 'mailbox');
    const eve = people.newBrowser();
    assert.equal((await eve.open(link)).status, 404);
    const csrf = eve.shown.root.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    await eve.post(link, { csrf });
    assert.equal((await people.accounts.find(id))?.email, own);
  });
});

forEachDatabase((_name, open) => {
  test('the own address changes; all are told, and the old one takes it back without signing in', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const owner = await signIn(people);
    await addEmail(people, owner, other);
    people.clock.advance(1);
    const thief = await signIn(people);
    await changeOwn(people, thief, 'eve@example.net');
    assert.equal(thief.shown.url, '/security/addresses?done=ownChanged');
    assert.equal((await people.accounts.find(id))?.email, 'eve@example.net');
    for (const to of [own, other, 'eve@example.net'])
      assert.equal(lastTo(people, to).subject, 'The email address of your account was changed');
    assert.ok(!lastTo(people, own).text.includes('eve@example.net'), 'masked');
    await addEmail(people, thief, 'eve2@example.net');
    assert.equal(lastTo(people, own).subject, 'An email address was added to your account', 'still told');

    const locked = people.newBrowser();
    const undo = undoTo(people, own);
    await locked.open(undo);
    assert.equal((await people.accounts.find(id))?.email, 'eve@example.net', 'opening changes nothing');
    await locked.submit({}, undo);
    assert.match(locked.shown.text, /Your old email address is back.*Choose a new password/);
    assert.equal((await people.accounts.find(id))?.email, own);
    assert.deepEqual(await valuesOf(people, id), [other], 'what the thief added is gone');
    assert.equal((await thief.open('/security/addresses')).url, '/signin');
    assert.equal((await owner.open('/security/addresses')).url, '/signin');
    for (const to of [own, other, 'eve@example.net'])
      assert.equal(lastTo(people, to).subject, 'The old email address of your account is back');
    assert.match((await locked.open(undo)).text, /Your old email address is back/, 'a second press finds it done');
    const changes = (await people.journal.recent(id, 20)).filter(({ type }) => type === 'email_changed');
    assert.deepEqual(changes.map(({ data }) => data?.by).sort(), ['undo', undefined]);
  });

  test('a chain of changes is undone as a whole, in the browser that undoes it the session stays', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const owner = await signIn(people);
    const thief = await signIn(people);
    await changeOwn(people, thief, 'eve@example.net');
    const firstMails = people.mails.length;
    people.clock.advance(1);
    await changeOwn(people, thief, 'eve2@example.net');
    const [mine, theirs] = [
      undoTo({ ...people, mails: people.mails.slice(0, firstMails) }, own),
      undoTo(people, 'eve@example.net'),
    ];
    await owner.open(mine);
    await owner.submit({}, mine);
    assert.equal((await people.accounts.find(id))?.email, own);
    assert.equal((await owner.open('/security/addresses')).url, '/security/addresses');
    assert.equal((await thief.open('/security/addresses')).url, '/signin');
    assert.equal((await thief.open(theirs)).status, 404, 'the thief cannot undo the undoing');
  });

  test('after seven days the change stands, the old address is told no more, and is free', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    await changeOwn(people, browser, other);
    const undo = undoTo(people, own);
    const fresh = people.newBrowser();
    await fresh.open('/signup');
    await fresh.submit({ email: own });
    assert.equal(fresh.shown.url, '/signup/confirm');
    assert.equal(lastTo(people, own).subject, 'This address cannot be used yet');

    people.clock.advance(days(7));
    assert.equal((await fresh.open(undo)).status, 404);
    await people.addresses.tell(id, () => ({ subject: 'Later', text: '', html: '' }));
    assert.deepEqual(subjectsTo(people, own).includes('Later'), false);
    await fresh.open('/signup');
    await fresh.submit({ email: own });
    assert.equal(lastTo(people, own).subject, 'Confirm your email address');
  });

  test('F5: for a taken address pages, tries and times are the same, and only its owner learns the truth', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    await people.addAccount('taken@example.org');
    const browser = await signIn(people);
    const pages: string[] = [];
    for (const email of ['taken@example.org', 'free00@example.org']) {
      await browser.open('/security/email');
      const shown = [await browser.submit({ email })];
      for (let n = 0; n < 6; n += 1) shown.push(await browser.submit({ code: '00000000' }));
      const plain = ({ status, body }: { status: number; body: string }) =>
        `${status} ${body}`
          .replaceAll('<wbr/>', '')
          .replaceAll(email, 'ADDRESS')
          .replace(/(name="csrf" value=")[^"]*/g, '$1')
          .replace(/confirm\/[\w%-]+/g, 'confirm/ID');
      pages.push(shown.map(plain).join('\n'));
    }
    assert.equal(pages[0], pages[1]);
    assert.equal(lastTo(people, 'taken@example.org').subject, 'This address has an account already');
    assert.doesNotMatch(lastTo(people, 'taken@example.org').text, /\d{4} \d{4}|\/link\//);
    assert.equal((await people.accounts.find(id))?.email, own);
  });

  test('an address that gets an account before it is confirmed stays with that account', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    await browser.open('/security/email');
    await browser.submit({ email: other });
    await people.addAccount(other);
    await browser.submit({ code: codeTo(people, other) });
    assert.match(browser.shown.text, /has an account of its own by now/);
    assert.equal((await people.accounts.find(id))?.email, own);
  });

  test('an alternate that becomes the own address stands once', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(own);
    const browser = await signIn(people);
    await addEmail(people, browser, other);
    await changeOwn(people, browser, other);
    assert.deepEqual(await valuesOf(people, id), []);
    assert.equal((await people.accounts.findByEmail(other))?.id, id);
  });

  test('E16: once a year the owner is asked whether the addresses are still theirs, by one process', async () => {
    const people = await createPeople(open);
    await people.addAccount(own);
    const browser = await signIn(people);
    await addEmail(people, browser, other);
    people.clock.advance(days(364));
    await people.addresses.tidy();
    assert.ok(!subjectsTo(people, own).includes('Are these addresses still yours?'));
    people.clock.advance(days(2));
    await Promise.all([people.addresses.tidy(), people.addresses.tidy()]);
    await people.addresses.tidy();
    for (const to of [own, other])
      assert.equal(
        subjectsTo(people, to).filter((subject) => subject === 'Are these addresses still yours?').length,
        1,
      );
    assert.match(lastTo(people, own).text, /a•••@h•••\.example/);
  });
});

test('numbers are read as people write them, and only mobile ones', () => {
  for (const typed of ['+49 176 12345678', '+49 (0)176 / 1234 5678', '0049 176 12345678', '٠١٧٦ ١٢٣٤٥٦٧٨'])
    assert.equal(parsePhone(typed, 'DE'), phone, typed);
  assert.equal(parsePhone('0176 12345678'), undefined, 'no country, no number');
  assert.equal(parsePhone('0176 12345678', 'XX'), undefined);
  for (const typed of [
    '+49 30 901820',
    '+1 900 555 0143',
    '+49 176',
    'Call +49 176 12345678',
    '+49 176 12345678 ext. 3',
  ])
    assert.equal(parsePhone(typed, 'DE'), undefined, typed);
  assert.equal(countryOf(phone), 'DE');
  assert.equal(countryOf('+882161234567'), undefined);
});
