import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Email } from 'postal-mime';
import { AppError } from '../../errors.ts';
import type { Mail } from './mail.ts';

export type MailProbe = {
  mail: Mail;
  /** Everything that left, oldest first, parsed from what a mail server would get. */
  sent(): Promise<Email[]>;
};

export const sender = 'Latchkey <no-reply@id.example.org>';

const message = {
  to: 'ada@example.org',
  subject: 'Ein neues Gerät 📺 — تم ربط جهاز جديد',
  text: 'Grüße\n.\nA line with a single dot must not end the mail.\nمرحبا\n',
  html: '<!doctype html><html lang="de"><body><p>Grüße</p><p>مرحبا &amp; 🗝️</p></body></html>',
};

/** What every way of sending must do alike. `open` gives one that sends from `sender` and has sent nothing yet. */
export function mailConformance(open: () => Promise<MailProbe>): void {
  test('subject, text and HTML arrive as they were written, in every script', async () => {
    const { mail, sent } = await open();
    await mail.send(message);
    const [email] = await sent();
    assert.equal(email?.subject, message.subject);
    assert.equal(email?.text?.trimEnd(), message.text.trimEnd());
    assert.equal(email?.html?.trim(), message.html);
    assert.deepEqual(email?.to, [{ name: '', address: 'ada@example.org' }]);
    assert.deepEqual(email?.from, { name: 'Latchkey', address: 'no-reply@id.example.org' });
    assert.equal(email?.attachments.length, 0);
  });

  test('RFC 3834 §5: a mail says that a program sent it', async () => {
    const { mail, sent } = await open();
    await mail.send(message);
    const [email] = await sent();
    const header = email?.headers.find((found) => found.key === 'auto-submitted');
    assert.equal(header?.value, 'auto-generated');
    assert.ok(email?.messageId);
    assert.ok(email?.date);
  });

  test('an address that hides a second recipient, a header or a command is refused', async () => {
    const { mail, sent } = await open();
    const attacks = [
      'ada@example.org, eve@example.net',
      'ada@example.org;eve@example.net',
      'ada@example.org\r\nBcc: eve@example.net',
      '"ada@example.org" <eve@example.net>',
      'eve@example.net (ada@example.org)',
      'ada@example.org> SIZE=1\r\nRCPT TO:<eve@example.net',
      'ada@eve@example.net',
      'friends: ada@example.org',
      'ada',
      '',
    ];
    for (const to of attacks) {
      const refused = (error: unknown) => error instanceof AppError && error.code === 'bad_request';
      await assert.rejects(mail.send({ ...message, to }), refused, to);
    }
    assert.deepEqual(await sent(), []);
  });

  test('a subject cannot add a header', async () => {
    const { mail, sent } = await open();
    await mail.send({ ...message, subject: 'TV\r\nBcc: eve@example.net\r\n\r\nHello' });
    const [email] = await sent();
    assert.equal(email?.bcc, undefined);
    assert.equal(email?.text?.trimEnd(), message.text.trimEnd());
    assert.deepEqual(email?.to, [{ name: '', address: 'ada@example.org' }]);
  });

  test('20 mails at once all leave', async () => {
    const { mail, sent } = await open();
    await Promise.all(Array.from({ length: 20 }, (_, n) => mail.send({ ...message, subject: `${n}` })));
    const subjects = (await sent()).map((email) => Number(email.subject));
    assert.deepEqual(
      subjects.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });
}
