import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livingRoom } from '../../test/helpers/living-room.ts';
import { directionOf, type Locale, loadMessages, locales } from '../web/messages.ts';
import type { Device } from './devices.ts';
import { linkedMessage } from './devices-mail.tsx';

const messages = loadMessages();
const issuer = 'https://id.example.org';
const undoToken = 'T'.repeat(43);

const mailFor = (changes: Partial<Device> = {}, locale: Locale = 'en') =>
  linkedMessage({
    t: messages.translate(locale),
    locale,
    dir: directionOf(locale),
    issuer,
    undoToken,
    email: 'ann@example.org',
    settled: true,
    device: { ...livingRoom, ...changes },
  });

test('ux 40: the mail says app, device, place and time, in text and in HTML, and has one button', () => {
  const mail = mailFor();
  assert.equal(mail.subject, 'Acme TV was linked to your account');
  for (const body of [mail.text, mail.html]) {
    for (const fact of ['Acme TV', 'Living room', 'Germany', '1 January 2030', '12:34', 'UTC', 'ann@example.org']) {
      assert.ok(body.includes(fact), fact);
    }
    const urls = new Set(body.match(/https?:\/\/[^\s"<]+/g));
    assert.deepEqual([...urls], [`${issuer}/devices/undo/${undoToken}`]);
  }
  assert.match(mail.text, /This wasn’t me: unlink it/);
  assert.doesNotMatch(mail.html, /<(img|script|link|iframe)\b/);
});

test('B27: whatever a device calls itself, the mail holds no user code and no other address', () => {
  for (const name of [
    'Enter BCDF-GHJK',
    'bcdf ghjk',
    'Go to id.example.org/link',
    'https://evil.example',
    'evil.com',
  ]) {
    const mail = mailFor({ name });
    for (const body of [mail.subject, mail.text, mail.html]) {
      assert.ok(!body.includes(name), name);
      assert.doesNotMatch(body, /\/link\b/);
      assert.doesNotMatch(body, /bcdf/i);
    }
    assert.match(mail.text, /Device: Not stated/);
  }
});

test('the mail is in the account’s language, right to left where that is', () => {
  for (const locale of locales) {
    const mail = mailFor({ name: '', country: undefined }, locale);
    assert.match(mail.html, new RegExp(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}"`));
    assert.doesNotMatch(mail.text, /devices\.\w/);
    assert.match(mail.subject, /Acme TV/);
  }
  assert.equal(mailFor({}, 'de').subject, 'Acme TV wurde mit Ihrem Konto verknüpft');
});

test('the subject is one line, whatever the app is called', () => {
  assert.doesNotMatch(mailFor({ clientName: 'Acme\r\nBcc: x' }).subject, /[\r\n]/);
});
