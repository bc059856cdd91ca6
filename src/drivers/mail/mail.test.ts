import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { createTestClock } from '../../../test/helpers/clock.ts';
import { startMailbox } from '../../../test/helpers/mailbox.ts';
import { freePort } from '../../../test/helpers/servers.ts';
import { AppError } from '../../errors.ts';
import { mailConformance, sender } from './conformance.ts';
import { openFileMail, openMailFolder } from './file.ts';
import { openSmtpMail } from './smtp.ts';

const message = { to: 'ada@example.org', subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' };
const isUnavailable = (error: unknown) => error instanceof AppError && error.code === 'unavailable';

describe('SMTP', () => {
  const closing: (() => Promise<void>)[] = [];
  after(() => Promise.all(closing.map((close) => close())));
  const openWithMailbox = async (query = '', issuer = 'https://id.example.org') => {
    const mailbox = await startMailbox();
    const mail = openSmtpMail({ url: mailbox.url + query, from: sender, issuer });
    closing.push(async () => {
      await mail.close();
      await mailbox.close();
    });
    return { mail, mailbox };
  };

  mailConformance(async () => {
    const { mail, mailbox } = await openWithMailbox();
    return { mail, sent: async () => mailbox.messages() };
  });

  test('the envelope names the sender and the one recipient', async () => {
    const { mail, mailbox } = await openWithMailbox();
    await mail.send(message);
    const received = await mailbox.waitFor('ada@example.org');
    assert.equal(received.envelopeFrom, 'no-reply@id.example.org');
    assert.deepEqual(received.envelopeTo, ['ada@example.org']);
  });

  test('fault D: it calls itself by the name of the issuer, whatever the machine is called', async () => {
    const names = { 'https://id.example.org': 'id.example.org', 'http://localhost:3000': 'localhost' };
    const literals = { 'https://192.0.2.7': '[192.0.2.7]', 'http://[::1]:3000': '[IPv6:::1]' };
    for (const [issuer, greeting] of Object.entries({ ...names, ...literals })) {
      const { mail, mailbox } = await openWithMailbox('', issuer);
      await mail.send(message);
      assert.equal(mailbox.messages()[0]?.greeting.toLowerCase(), greeting.toLowerCase());
    }
  });

  test('F33: a refused mail rejects, and the next one is sent', async () => {
    const { mail, mailbox } = await openWithMailbox();
    mailbox.refuse(true);
    await assert.rejects(mail.send(message), isUnavailable);
    mailbox.refuse(false);
    await mail.send(message);
    assert.equal(mailbox.messages().length, 1);
  });

  test('a server that is away is "unavailable"', async () => {
    const mail = openSmtpMail({
      url: `smtp://127.0.0.1:${await freePort()}`,
      from: sender,
      issuer: 'http://localhost',
    });
    await assert.rejects(mail.send(message), isUnavailable);
    await mail.close();
  });

  test('where encryption is asked for, a server without it gets nothing', async () => {
    const { mail, mailbox } = await openWithMailbox('?requireTLS=true');
    await assert.rejects(mail.send(message), isUnavailable);
    assert.deepEqual(mailbox.messages(), []);
  });
});

describe('files', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const openInFolder = () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-mail-'));
    folders.push(data);
    const clock = createTestClock();
    return { data, clock, mail: openFileMail({ data, from: sender, clock }), folder: openMailFolder({ data }) };
  };

  mailConformance(async () => {
    const { mail, data } = openInFolder();
    const sent = async () => {
      const names = filesIn(data).filter((name) => name.endsWith('.eml'));
      return await Promise.all(names.map((name) => PostalMime.parse(readFileSync(join(data, 'mail', name)))));
    };
    return { mail, sent };
  });

  test('the listing is newest first, also within one millisecond', async () => {
    const { mail, clock, folder } = openInFolder();
    assert.deepEqual(await folder.list(), []);
    await mail.send({ ...message, subject: 'first' });
    await mail.send({ ...message, subject: 'second' });
    clock.advance(1);
    await mail.send({ ...message, subject: 'third' });
    const mails = await folder.list();
    assert.deepEqual(
      mails.map((stored) => stored.subject),
      ['third', 'second', 'first'],
    );
    assert.equal(mails[0]?.at, clock.now());
    assert.deepEqual(await folder.read(mails[0]?.id ?? ''), mails[0]);
  });

  test('nobody else on the machine can read them', async () => {
    const { mail, data } = openInFolder();
    await mail.send(message);
    assert.equal(statSync(join(data, 'mail')).mode & 0o777, 0o700);
    for (const name of filesIn(data)) assert.equal(statSync(join(data, 'mail', name)).mode & 0o777, 0o600, name);
    assert.deepEqual(
      filesIn(data).map((name) => name.split('.').at(-1)),
      ['eml', 'html', 'json'],
    );
  });

  test('an id that is a path finds nothing', async () => {
    const { folder } = openInFolder();
    for (const id of ['../secret', '..', '', '/etc/passwd', '000000000000000-000001-1/../x', '%2e%2e']) {
      assert.equal(await folder.read(id), undefined, id);
    }
  });
});

function filesIn(data: string): string[] {
  try {
    return readdirSync(join(data, 'mail')).sort();
  } catch {
    return [];
  }
}
