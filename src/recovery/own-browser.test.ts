import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { ann, createLoser, newPassword, wrongCode } from '../../test/helpers/recovering.ts';
import { minutes } from '../clock.ts';

forEachDatabase((_name, open) => {
  test('E10: a stranger who asks for all the mails of a day keeps nobody out of a browser of their own', async () => {
    const loser = await createLoser(open);
    const own = await loser.signIn();
    for (let i = 0; i < 40; i += 1) {
      if (i % 10 === 0) loser.clock.advance(minutes(61));
      const from = { browserId: `stranger-${i}`, network: `network-${i % 7}` };
      await loser.recovery.begin(ann, from);
      const attempt = await loser.recovery.current(from.browserId);
      assert.ok(attempt);
      const { allowed } = await loser.recovery.codes.allow({ email: ann, channel: 'email', network: from.network });
      if (allowed) await loser.recovery.codes.issue(attempt, 'email', true);
    }
    const elsewhere = await loser.begin();
    assert.equal((await elsewhere.submit({ way: 'email' })).status, 429);

    await loser.proveByMail(ann, own);
    await own.open('/recover/password');
    await own.submit({ new_password: newPassword });
    assert.equal(own.shown.url, '/recover/done');
  });

  test('E10: nor one who tries saved codes; and the own browser may not ask or try without end either', async () => {
    const loser = await createLoser(open);
    const own = await loser.signIn();
    const saved = await loser.authenticators.savedCode.make(loser.id);
    const stranger = await loser.begin();
    await stranger.open('/recover/code?way=saved');
    for (let i = 0; i < 11; i += 1) await stranger.submit({ code: wrongCode(saved) }, '/recover/code?way=saved');
    assert.equal(stranger.shown.status, 429);

    await loser.begin(ann, own);
    await own.open('/recover/code?way=saved');
    await own.submit({ code: saved });
    assert.equal(own.shown.url, '/recover/password');

    loser.clock.advance(minutes(1));
    await loser.begin(ann, own);
    for (let i = 0; i < 6; i += 1) {
      await own.open('/recover/choose');
      await own.submit({ way: 'email' });
    }
    assert.equal(own.shown.status, 429);
  });
});
