import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../errors.ts';
import type { Sms, TextMessage } from './sms.ts';

export type SmsProbe = {
  sms: Sms;
  /** Everything that left, oldest first. */
  sent(): Promise<TextMessage[]>;
};

/** What every way of sending must do alike. `open` gives one that has sent nothing yet. */
export function smsConformance(open: () => Promise<SmsProbe>): void {
  test('number and text arrive as they were written, in every script', async () => {
    const { sms, sent } = await open();
    const message = { to: '+4917612345678', text: 'Grüße & 50 % + mehr\nرمزك هو 123456 🗝️\n\n@id.example.org #123456' };
    await sms.send(message);
    assert.deepEqual(await sent(), [message]);
  });

  test('what is not one number in E.164 is refused', async () => {
    const { sms, sent } = await open();
    const attacks = [
      '',
      '4917612345678',
      '+49 176 12345678',
      '+0123456789',
      '+4917612345678,+34612345678',
      '+4917612345678&Body=x',
      '+4917612345678\r\n',
      '../../secret',
      'whatsapp:+4917612345678',
      '+49176123456789012',
    ];
    for (const to of attacks) {
      const refused = (error: unknown) => error instanceof AppError && error.code === 'bad_request';
      await assert.rejects(sms.send({ to, text: 'Hello' }), refused, to);
    }
    assert.deepEqual(await sent(), []);
  });

  test('20 texts at once all leave', async () => {
    const { sms, sent } = await open();
    await Promise.all(Array.from({ length: 20 }, (_, n) => sms.send({ to: '+4917612345678', text: `${n}` })));
    const texts = (await sent()).map(({ text }) => Number(text));
    assert.deepEqual(
      texts.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });
}
