import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { ann, csrfOf } from '../../test/helpers/recovering.ts';
import { createTakeover } from '../../test/helpers/takeover.ts';
import { minutes } from '../clock.ts';

forEachDatabase((_name, open) => {
  test('fault A2: who signs out at the moment of an addition has it taken off all the same', async () => {
    const walk = await createTakeover(open);
    const session = walk.signIns.at(-1)?.sessionId;
    assert.ok(session);
    const { changes } = walk.person.activity;
    // As if the session ended between the addition and the note of it: both need no more than two requests at once.
    const planted = await walk.authenticators.savedCode.make(walk.id);
    walk.clock.advance(1);
    await walk.signin.endSession(walk.id, session);
    const path = await changes.undoable(walk.id, session, { kind: 'savedCode' });
    assert.ok(path, 'the mail has its link');
    const [noted] = await changes.lately(walk.id);
    assert.equal(noted?.kind, 'savedCode');
    await walk.press(walk.linksTo(ann, /\/activity\/undo\//).at(-1) ?? assert.fail('no mail about the sign-in'));
    assert.equal(await walk.authenticators.savedCode.has(walk.id), false, 'the sign-in’s own link takes it off');
    assert.equal(await walk.authenticators.savedCode.use(walk.id, planted), undefined);
  });

  test('fault A2: a session that nothing is known of any more is a stranger’s', async () => {
    const walk = await createTakeover(open);
    await walk.authenticators.savedCode.make(walk.id);
    const path = await walk.person.activity.changes.undoable(walk.id, 'gone' as never, { kind: 'savedCode' });
    await walk.press(path ?? assert.fail('no link'));
    assert.equal(await walk.authenticators.savedCode.has(walk.id), false);
    assert.notEqual(await walk.tryPassword('plum tractor evening gravel'), 'in');
  });

  test('fault A2: what had been reported lost and counts again is switched off by the link, and not removed', async () => {
    const walk = await createTakeover(open);
    const code = await walk.addApp();
    await walk.addAddress('phone', '+4915112345678');
    const [phone] = await walk.addresses.list(walk.id);
    assert.ok(phone);
    walk.clock.advance(minutes(1));
    await walk.database.transaction(async (trx) => {
      await walk.authenticators.suspendLost(walk.id, { app: true, credentials: [] }, trx);
      await walk.addresses.suspend(walk.id, [phone.id], trx);
    });
    const csrf = csrfOf(await walk.thief.open('/security').then(() => walk.thief));
    await walk.thief.post('/security/app', { csrf, action: 'resume' });
    const session = walk.signIns.at(-1)?.sessionId;
    assert.ok(session && (await walk.addresses.resume(walk.id, phone.id, session)));
    assert.equal(await walk.authenticators.verifyApp(walk.id, code()), true);
    await walk.person.settled();
    await walk.press(walk.linksTo(ann, /\/activity\/change\//).at(-1) ?? assert.fail('no link'));
    const { app, off } = await walk.authenticators.methodsOf(walk.id);
    assert.deepEqual([app, off?.app], [true, true]);
    const [after] = await walk.addresses.list(walk.id);
    assert.notEqual(after?.suspendedAt, undefined);
  });

  test('fault A2: what its owner has put in the place of a planted app since stays', async () => {
    const walk = await createTakeover(open);
    await walk.plant('app');
    const link = walk.linksTo(ann, /\/activity\/change\//).at(-1) ?? assert.fail('no link');
    walk.clock.advance(minutes(1));
    assert.equal(await walk.authenticators.removeApp(walk.id), true);
    const laptop = (await walk.signin.sessionsOf(walk.id)).find(
      ({ sessionId }) => sessionId !== walk.signIns.at(-1)?.sessionId,
    );
    assert.ok(laptop);
    const code = await walk.addApp();
    await walk.person.activity.changes.undoable(walk.id, laptop.sessionId, { kind: 'app' });
    await walk.press(link);
    assert.equal((await walk.authenticators.methodsOf(walk.id)).app, true);
    walk.clock.advance(minutes(1));
    assert.equal(await walk.authenticators.verifyApp(walk.id, code()), true);
  });
});
