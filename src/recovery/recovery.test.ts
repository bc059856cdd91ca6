import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createPeople, goodPassword } from '../../test/helpers/people.ts';

const email = 'ann@example.org';
const newPassword = 'seven lamps under the harbour';

forEachDatabase((_name, open) => {
  test('a forgotten password is replaced with the code of a mail', async () => {
    const people = await createPeople(open);
    const { id } = await people.addAccount(email);
    const browser = people.newBrowser();
    await browser.open('/recover');
    await browser.submit({ email });
    assert.equal(browser.shown.url, '/recover/choose');
    await browser.submit({ way: 'email' });
    const code = /^\s+(\d{4} \d{4})$/m.exec(people.mails.at(-1)?.text ?? '')?.[1] ?? '';
    await browser.submit({ code });
    assert.equal(browser.shown.url, '/recover/password', browser.shown.text);
    await browser.submit({ new_password: newPassword });
    assert.equal(browser.shown.url, '/recover/done');
    assert.equal(await people.authenticators.verifyPassword(id, newPassword), true);
    assert.equal(await people.authenticators.verifyPassword(id, goodPassword), false);
  });
});
