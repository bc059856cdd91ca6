import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createTestClock } from '../../test/helpers/clock.ts';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople, goodPassword } from '../../test/helpers/people.ts';
import { days } from '../clock.ts';
import { createMemory } from '../drivers/ephemeral/memory.ts';
import type { AccountId, AddressId } from '../ids.ts';
import { createLimits } from '../limits/limits.ts';
import { createSecrets } from '../secrets.ts';
import { type Addresses, maskAddress, mostAddresses } from './addresses.ts';
import { createAddressesStore } from './addresses-store.ts';
import { createTexts, textWithCode } from './texts.ts';

const phone = '+4917612345678';
const words = { subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' };
const anywhere = { network: '192.0.2.0/24' };

forEachDatabase((_name, open) => {
  test('E19: the own address and every alternate e-mail hear of a change, in the account’s language', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount('ann@example.org');
    await people.accounts.setLocale(id, 'ar');
    const store = createAddressesStore(people.database);
    let added = 1;
    for (const [kind, value] of [
      ['email', 'ann@home.example'],
      ['email', 'ann@work.example'],
      ['phone', phone],
    ] as const) {
      const row = { id: value as AddressId, account_id: id, kind, value, added_at: added++, reviewed_at: 1 };
      assert.equal(await people.database.transaction((trx) => store.insert(row, trx)), true);
      const again = { ...row, id: `${value}2` as AddressId };
      assert.equal(await people.database.transaction((trx) => store.insert(again, trx)), false, 'each once');
    }
    assert.deepEqual(
      (await people.addresses.list(id)).map(({ kind, value }) => `${kind} ${value}`),
      ['email ann@home.example', 'email ann@work.example', `phone ${phone}`],
    );

    await people.addresses.tell(
      id,
      ({ locale, dir, email, t }) => ({ ...words, subject: `${locale} ${dir} ${email} ${t('web.brand')}` }),
      { alsoTo: ['ann@old.example', 'ann@home.example'].map((value) => ({ value, since: 0 })) },
    );
    const told = people.mails.map(({ to }) => to).sort();
    assert.deepEqual(told, ['ann@example.org', 'ann@home.example', 'ann@old.example', 'ann@work.example']);
    assert.match(people.mails[0]?.subject ?? '', /^ar rtl ann@example\.org /);
    assert.equal(await people.addresses.reach(id, () => words), 3);
    people.breakMail();
    assert.equal(await people.addresses.reach(id, () => words), 0);
    await people.addresses.tell(id, () => words);
    await people.addresses.tell('nobody' as AccountId, () => assert.fail('for nobody'));
  });
});

forEachDatabase((_name, open) => {
  const textsTo = async (addresses: Addresses, numbers: string[], from = anywhere) => {
    const results: string[] = [];
    for (const number of numbers) results.push(await addresses.sendText(number, 'Hello', from));
    return results;
  };
  const numbered = (count: number, block: string) =>
    Array.from({ length: count }, (_, n) => `${block}${String(n).padStart(4, '0')}`);

  test('E24: one number gets three texts an hour, whoever asks', async () => {
    const { addresses, texts } = await createPeople(open);
    const results = await textsTo(addresses, Array<string>(4).fill(phone));
    assert.deepEqual(results, ['sent', 'sent', 'sent', 'over_budget']);
    assert.equal(await addresses.sendText(phone, 'Hello', { network: '198.51.100.0/24' }), 'over_budget');
    assert.deepEqual(texts, Array(3).fill({ to: phone, text: 'Hello' }));
  });

  test('E24: a network and a block of ten thousand numbers have twenty a day, whoever else asks', async () => {
    const { addresses } = await createPeople(open);
    const sent = (results: string[]) => results.filter((result) => result === 'sent').length;
    assert.equal(sent(await textsTo(addresses, numbered(25, '+49176123'), anywhere)), 20);
    assert.equal(sent(await textsTo(addresses, ['+4915112345678'], anywhere)), 0, 'the network has had its share');
    assert.equal(sent(await textsTo(addresses, ['+491761239999'], { network: 'a' })), 0, 'and so has the block');
    assert.equal(sent(await textsTo(addresses, ['+4915112345678'], { network: 'a' })), 1);
  });
});

test('E24: texts go to allowed countries alone, end for everybody when the day is used up, and start again', async () => {
  const clock = createTestClock();
  const ephemeral = createMemory({ clock });
  const failures: string[] = [];
  let working = true;
  const sms = {
    async send() {
      if (!working) throw new Error('the provider is away');
    },
    close: async () => {},
  };
  const texts = createTexts({
    ...{ sms, limits: createLimits({ ephemeral, clock }), secrets: createSecrets(randomBytes(32)) },
    countries: ['DE', 'AT'],
    perDay: 3,
    failed: (_error, what) => void failures.push(what),
  });
  const send = (to: string) => texts.send(to, 'Hello', { network: to });
  assert.equal(texts.reaches('+436641234567'), true);
  for (const foreign of ['+34612345678', '+882161234567']) {
    assert.equal(texts.reaches(foreign), false);
    assert.equal(await send(foreign), 'failed');
  }
  assert.equal(await send('+436641234567'), 'sent');
  working = false;
  assert.equal(await send('+4915112345678'), 'failed', 'never thrown');
  working = true;
  assert.equal(await send('+4917612345678'), 'sent');
  assert.equal(await send('+4916012345678'), 'over_budget');
  assert.equal(await send('+4916112345678'), 'over_budget');
  assert.deepEqual(failures, ['a text was not sent', 'no more texts are sent today'], 'the operator hears of it once');
  clock.advance(days(1));
  assert.equal(await send('+4916012345678'), 'sent');
  await ephemeral.close();
});

test('the last line of a text binds the code to this site', () => {
  const text = textWithCode('123456 is your code.', 'https://id.example.org', '123456');
  assert.equal(text.split('\n').at(-1), '@id.example.org #123456');
  assert.doesNotMatch(text, /https?:/);
});

test('a masked address is known to its owner and no use to anyone else', () => {
  const mask = (value: string) => maskAddress({ kind: value.includes('@') ? 'email' : 'phone', value });
  assert.equal(mask('ann@example.org'), 'a•••@e•••.org');
  assert.equal(mask('a@example.co.uk'), 'a•••@e•••.uk');
  assert.equal(mask('ops@localhost'), 'o•••@l•••');
  assert.equal(mask('😀x@example.org'), '😀•••@e•••.org');
  assert.equal(mask(phone), '+49 ••• 78');
  assert.equal(mask('+447400123456'), '+44 ••• 56');
});

forEachDatabase((_name, open) => {
  test('F20: of addresses confirmed at once, no more are kept than an account may have', async () => {
    const people = await createPeople(open);
    const { id: accountId } = await people.addAccount('ann@example.org');
    const browser = people.newBrowser();
    await browser.open('/signin');
    await browser.submit({ email: 'ann@example.org' });
    await browser.submit({ password: goodPassword });
    const sessionId = people.signIns[0]?.sessionId;
    assert.ok(sessionId);
    const asker = { accountId, sessionId };
    const { confirmations } = people.addresses;
    const waiting = await Promise.all(
      Array.from({ length: mostAddresses + 2 }, async (_, n) => {
        const value = `ann${n}@example.net`;
        const { id, code } = await confirmations.begin(asker, { purpose: 'email', value });
        return { pending: { ...asker, id, purpose: 'email', value, state: 'waiting' } as const, code };
      }),
    );
    await people.manyConnections();
    const outcomes = await Promise.all(waiting.map(({ pending, code }) => confirmations.confirmByCode(pending, code)));
    assert.equal(outcomes.filter((outcome) => outcome === 'full').length, 2);
    assert.equal((await people.addresses.list(accountId)).length, mostAddresses);
  });
});
