import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { createTestClock } from '../../../test/helpers/clock.ts';
import { freePort } from '../../../test/helpers/servers.ts';
import { startSmsProvider, unknownNumber, unsubscribedNumber } from '../../../test/helpers/sms-provider.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { smsConformance } from './conformance.ts';
import { listTexts, openFileSms } from './file.ts';
import { openHttpSms } from './http.ts';

const message = { to: '+4917612345678', text: 'Hello' };
const is = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;
const pause = { least: 1, most: 5 };

describe('a provider over HTTP', () => {
  const closing: (() => Promise<void>)[] = [];
  after(() => Promise.all(closing.map((close) => close())));
  const openWithProvider = async (timeout?: number) => {
    const provider = await startSmsProvider();
    closing.push(provider.close);
    const sms = openHttpSms({ url: provider.url, from: provider.from, pause, ...(timeout ? { timeout } : {}) });
    return { provider, sms };
  };

  smsConformance(async () => {
    const { provider, sms } = await openWithProvider();
    return { sms, sent: async () => provider.texts().map(({ to, text }) => ({ to, text })) };
  });

  test('a messaging service sends in place of a number, and a key may stand for the account', async () => {
    const { provider } = await openWithProvider();
    const sms = openHttpSms({ url: provider.keyUrl, from: provider.service, pause });
    await sms.verify();
    await sms.send(message);
    assert.deepEqual(provider.texts(), [{ ...message, from: provider.service }]);
  });

  test('a number it does not reach is told apart from a provider that does not work', async () => {
    const { provider, sms } = await openWithProvider();
    for (const to of [unknownNumber, unsubscribedNumber])
      await assert.rejects(sms.send({ ...message, to }), is('bad_request'), to);
    const stranger = openHttpSms({ url: provider.url, from: '+15005550001', pause });
    await assert.rejects(stranger.send(message), is('unavailable'));
    provider.next({ status: 201, body: { sid: 'SM1', status: 'failed', error_code: 30008 } });
    await assert.rejects(sms.send(message), is('unavailable'));
    provider.next({ status: 200, body: '<html>a proxy says hello</html>' });
    await assert.rejects(sms.send(message), is('unavailable'));
    await sms.send(message);
    assert.equal(provider.texts().length, 1);
  });

  test('too many requests: it waits and tries again, three times in all', async () => {
    const { provider, sms } = await openWithProvider();
    const busy = { status: 429, body: { code: 20429, message: 'Too Many Requests', status: 429 } };
    provider.next(busy, { ...busy, headers: { 'retry-after': '30' } });
    await sms.send(message);
    assert.equal(provider.requests().length, 3);
    provider.next(busy, busy, busy);
    await assert.rejects(sms.send(message), is('unavailable'));
    assert.equal(provider.requests().length, 6);
    assert.equal(provider.texts().length, 1);
  });

  test('after any other failure nothing is sent twice', async () => {
    const { provider, sms } = await openWithProvider();
    provider.next({ status: 503, body: 'busy' });
    await assert.rejects(sms.send(message), is('unavailable'));
    assert.equal(provider.requests().length, 1);
  });

  test('a provider that is away, or silent, is "unavailable"', async () => {
    const away = openHttpSms({ url: `http://a:b@127.0.0.1:${await freePort()}`, from: '+15005550001' });
    await assert.rejects(away.send(message), is('unavailable'));
    const { provider, sms } = await openWithProvider(50);
    provider.next('hang');
    await assert.rejects(sms.send(message), is('unavailable'));
  });

  test('credentials follow no redirect, and neither they nor the number are in an error', async () => {
    const { provider, sms } = await openWithProvider();
    const other = await openWithProvider();
    provider.next({ status: 307, headers: { location: `${other.provider.url}/2010-04-01/elsewhere` } });
    const errors = [await sms.send(message).catch((error: unknown) => error)];
    assert.deepEqual(other.provider.requests(), []);

    const wrong = new URL(provider.url);
    wrong.password = 'not-the-token-0123456789';
    const refused = openHttpSms({ url: wrong.href, from: provider.from });
    await assert.rejects(refused.verify(), is('unavailable'));
    errors.push(await refused.send(message).catch((error: unknown) => error));
    provider.next('hang');
    const impatient = openHttpSms({ url: provider.url, from: provider.from, timeout: 20 });
    errors.push(await impatient.send(message).catch((error: unknown) => error));
    for (const error of errors) {
      assert.ok(is('unavailable')(error));
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const secret of [provider.token, 'not-the-token', message.to.slice(1), 'Basic '])
        assert.ok(!shown.includes(secret), shown);
    }
    assert.match(String(errors[1]), /status 401, code 20003/);
  });
});

describe('files', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const openInFolder = () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-sms-'));
    folders.push(data);
    const clock = createTestClock();
    return { data, clock, sms: openFileSms({ data, clock }) };
  };

  smsConformance(async () => {
    const { sms, data } = openInFolder();
    return { sms, sent: async () => (await listTexts(data)).reverse().map(({ to, text }) => ({ to, text })) };
  });

  test('the listing is newest first, and nobody else on the machine can read them', async () => {
    const { data, clock, sms } = openInFolder();
    assert.deepEqual(await listTexts(data), []);
    await sms.send({ ...message, text: 'first' });
    clock.advance(1);
    await sms.send({ ...message, text: 'second' });
    const texts = await listTexts(data);
    assert.deepEqual(
      texts.map(({ text, at }) => [text, at]),
      [
        ['second', clock.now()],
        ['first', clock.now() - 1],
      ],
    );
    assert.equal(statSync(join(data, 'sms')).mode & 0o777, 0o700);
    for (const name of readdirSync(join(data, 'sms'))) {
      assert.equal(statSync(join(data, 'sms', name)).mode & 0o777, 0o600, name);
    }
  });
});
