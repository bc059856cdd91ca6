import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadMessages, locales } from '../web/messages.ts';
import { titleOf } from './activity-rows.tsx';
import { filters, shownTypes, triedBy, typesOf } from './kinds.ts';
import { detailOf } from './rows.ts';

test('every event that people see has words in every language, with a name and without', () => {
  const messages = loadMessages();
  for (const locale of locales) {
    const t = messages.translate(locale);
    for (const type of shownTypes) {
      for (const detail of [
        'passkey',
        'key',
        'app',
        'second',
        'recovery',
        'phone',
        'saved',
        'others',
        'unused',
        undefined,
      ]) {
        for (const name of ['Fernseher <b>', undefined]) {
          const title = titleOf(t, { type, detail, name, count: 3 });
          assert.ok(title.length > 4 && !title.includes('{') && !title.includes('activity.row'), `${locale} ${title}`);
        }
      }
    }
  }
});

test('every event that people see is in a filter of its own', () => {
  const found = new Set(filters.filter((filter) => filter !== 'all').flatMap(typesOf));
  assert.deepEqual([...found].sort(), [...shownTypes].sort());
});

test('F4: a failed second step is told apart from a wrong password', () => {
  assert.equal(triedBy('signin.code.wrong'), 'second');
  assert.equal(triedBy('signin.key.failed'), 'second');
  assert.equal(triedBy('signin.password.wrong'), 'password');
  assert.equal(triedBy('signin.passkey.failed'), 'passkey');
  assert.equal(triedBy('signin.recoveryCode.wrong'), 'recovery');
  assert.equal(triedBy(undefined), 'password');
  assert.equal(detailOf({ id: '', at: 0, type: 'sign_in_failed', data: { reason: 'signin.code.wrong' } }), 'second');
});
