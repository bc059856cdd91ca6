import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import { createBench } from '../../test/helpers/linked-devices.ts';
import { days, minutes, seconds } from '../clock.ts';
import type { DeviceId } from '../ids.ts';
import { longestName, undoWindow } from './devices.ts';

forEachDatabase((_name, open) => {
  test('a linked device is listed, found and named by its app', async () => {
    const { devices, ann, link, clock } = await createBench(open);
    const { id } = await link(ann, { name: 'Living room', model: 'QLED', type: 'tv', country: 'DE' });
    const [device, ...rest] = await devices.list(ann);
    assert.equal(rest.length, 0);
    assert.deepEqual(device, await devices.find(ann, id));
    assert.equal(device?.name, 'Living room');
    assert.equal(device?.clientName, 'Acme TV');
    assert.deepEqual(device?.scope, ['openid', 'offline_access']);
    assert.equal(device?.country, 'DE');
    assert.equal(device?.linkedAt, clock.now());
    assert.equal(device?.lastUsedAt, undefined);
  });

  test('a device whose client is gone is named by the client id', async () => {
    const { devices, ann, link } = await createBench(open);
    const { id } = await link(ann, { clientId: 'gone' });
    assert.equal((await devices.find(ann, id))?.clientName, 'gone');
  });

  test('F15: what a device says of itself is cleaned before it is stored', async () => {
    const { devices, ann, link } = await createBench(open);
    const { id } = await link(ann, { name: '\u202Eevil\u0000\n name', model: 'm\u200B'.repeat(99), type: '\u2067tv' });
    const device = await devices.find(ann, id);
    assert.equal(device?.name, 'evil name');
    assert.equal(device?.model, 'm'.repeat(longestName));
    assert.equal(device?.type, 'tv');
    assert.equal(await devices.rename(ann, id, ' \u202E\u2066My\u0007 TV '), true);
    assert.equal((await devices.find(ann, id))?.name, 'My TV');
    assert.equal(await devices.rename(ann, id, '\u200B \u202E'), false);
    assert.equal((await devices.find(ann, id))?.name, 'My TV');
  });

  test('F12: nobody finds, renames or unlinks another person’s device', async () => {
    const { devices, ann, bob, link, revoked, events } = await createBench(open);
    const { id } = await link(ann);
    assert.equal(await devices.find(bob, id), undefined);
    assert.equal(await devices.findUnlinked(bob, id), undefined);
    assert.equal(await devices.rename(bob, id, 'Mine'), false);
    assert.equal(await devices.unlink(bob, id), false);
    assert.equal(await devices.report(bob, id), false);
    assert.equal(await devices.unlinkAll(bob), 0);
    assert.equal((await devices.find(ann, id))?.name, 'TV');
    assert.deepEqual(revoked, []);
    assert.deepEqual(await events(ann), []);
  });

  test('B28: unlinking revokes the grant, ends the row and records it, together', async () => {
    const { devices, ann, link, revoked, events } = await createBench(open);
    const { id, grantId } = await link(ann);
    assert.equal(await devices.unlink(ann, id), true);
    assert.deepEqual(revoked, [grantId]);
    assert.equal(await devices.find(ann, id), undefined);
    assert.deepEqual(await devices.list(ann), []);
    assert.equal((await devices.findUnlinked(ann, id))?.id, id);
    assert.deepEqual(await events(ann), [{ type: 'unlinked', data: { device: id, client: 'acme' } }]);
    assert.equal(await devices.rename(ann, id, 'Again'), false);
  });

  test('B28: if the grant cannot be revoked, nothing says that it was', async () => {
    const { devices, ann, link, events, failNext } = await createBench(open);
    const { id } = await link(ann);
    failNext();
    await assert.rejects(devices.unlink(ann, id), /revocation failed/);
    assert.equal((await devices.find(ann, id))?.id, id);
    assert.deepEqual(await events(ann), []);
    assert.equal(await devices.unlink(ann, id), true);
  });

  test('ten parallel unlinks, by every way there is, make one event and one revocation', async () => {
    const { devices, ann, link, revoked, events } = await createBench(open);
    const { id, grantId, undoToken } = await link(ann);
    const tries = Array.from({ length: 10 }, (_, i) => (i % 2 ? devices.undo(undoToken) : devices.unlink(ann, id)));
    const ended = (await Promise.all(tries)).filter(Boolean);
    assert.equal(ended.length, 1);
    assert.deepEqual(revoked, [grantId]);
    assert.equal((await events(ann)).length, 1);
  });

  test('unlinking all ends every device of this account and no other', async () => {
    const { devices, ann, bob, link, revoked, events } = await createBench(open);
    const mine = [await link(ann), await link(ann), await link(ann)];
    const foreign = await link(bob);
    await devices.unlink(ann, (mine[0] as { id: DeviceId }).id);
    assert.equal(await devices.unlinkAll(ann), 2);
    assert.deepEqual(await devices.list(ann), []);
    assert.equal((await devices.list(bob)).length, 1);
    assert.deepEqual([...revoked].sort(), mine.map(({ grantId }) => grantId).sort());
    assert.ok(!revoked.includes(foreign.grantId));
    assert.equal((await events(ann)).length, 3);
  });

  test('a grant that was revoked for a reason of its own ends its link', async () => {
    const { devices, ann, link, events } = await createBench(open);
    const { grantId } = await link(ann);
    await devices.ended('no-such-grant');
    assert.equal((await devices.list(ann)).length, 1);
    await devices.ended(grantId);
    await devices.ended(grantId);
    assert.deepEqual(await devices.list(ann), []);
    assert.equal((await events(ann)).length, 1);
  });

  test('B29: a report unlinks and is recorded as a report', async () => {
    const { devices, ann, link, events } = await createBench(open);
    const { id } = await link(ann);
    assert.equal(await devices.report(ann, id), true);
    assert.deepEqual(new Set((await events(ann)).map(({ type }) => type)), new Set(['unlinked', 'reported']));
    assert.equal(await devices.report(ann, id), false);
  });

  test('the undo token ends the link once, for 30 days, and only its hash is in the database', async () => {
    const { devices, ann, link, revoked, events, clock, dumpDevices } = await createBench(open);
    const { undoToken, grantId, id } = await link(ann);
    const dump = await dumpDevices();
    assert.match(dump, new RegExp(id));
    assert.ok(!dump.includes(undoToken));
    assert.match(undoToken, /^[\w-]{43}$/);

    assert.equal(await devices.findByUndo('x'.repeat(43)), undefined);
    assert.equal(await devices.undo('x'.repeat(43)), false);
    const found = await devices.findByUndo(undoToken);
    assert.equal(found?.device.id, id);
    assert.equal(found?.done, false);

    clock.advance(undoWindow - 1);
    assert.equal(await devices.undo(undoToken), true);
    assert.deepEqual(revoked, [grantId]);
    assert.equal((await devices.findByUndo(undoToken))?.done, true);
    assert.equal(await devices.undo(undoToken), false);
    assert.deepEqual(
      (await events(ann)).map(({ type }) => type),
      ['link_undone'],
    );
  });

  test('after 30 days the undo token is as unknown as any', async () => {
    const { devices, ann, link, revoked, clock } = await createBench(open);
    const { undoToken } = await link(ann);
    clock.advance(undoWindow);
    assert.equal(await devices.findByUndo(undoToken), undefined);
    assert.equal(await devices.undo(undoToken), false);
    assert.deepEqual(revoked, []);
  });

  test('a device that ran out is neither listed nor found, and its row goes after the undo window', async () => {
    const { devices, ann, link, clock, dumpDevices } = await createBench(open);
    const { id, undoToken } = await link(ann, { expiresAt: clock.now() + days(10) });
    clock.advance(days(10));
    assert.deepEqual(await devices.list(ann), []);
    assert.equal(await devices.find(ann, id), undefined);
    assert.equal((await devices.findByUndo(undoToken))?.done, true);
    assert.equal(await devices.removeEnded(), 0);
    clock.advance(undoWindow + 1);
    assert.equal(await devices.removeEnded(), 1);
    assert.equal(await dumpDevices(), '[]');
  });

  test('last use is noted at most once a minute per grant, whichever process sees it', async () => {
    const bench = await createBench(open);
    const { devices, ann, link, clock } = bench;
    const { id, grantId } = await link(ann);
    const other = bench.secondProcess();
    const lastUsed = async () => (await devices.find(ann, id))?.lastUsedAt;
    const first = clock.now();
    await devices.used(grantId);
    assert.equal(await lastUsed(), first);
    clock.advance(seconds(30));
    await devices.used(grantId);
    await other.used(grantId);
    assert.equal(await lastUsed(), first);
    clock.advance(minutes(1));
    await devices.used(grantId);
    assert.equal(await lastUsed(), first + seconds(90));
    await devices.used('no-such-grant');
  });

  test('A9, B29: a link whose mail was not sent is offered again, with the same undo token: both mails can undo it', async () => {
    const { devices, clock, link, ann } = await createBench(open);
    const { id, undoToken } = await link(ann);
    assert.deepEqual(await devices.unnoticed(), [], 'the first mail may still be on its way');
    clock.advance(minutes(2));
    const [notice, ...more] = await devices.unnoticed();
    assert.deepEqual([notice?.deviceId, more], [id, []]);
    assert.equal(notice?.undoToken, undoToken);
    assert.equal((await devices.findByUndo(notice?.undoToken ?? ''))?.device.id, id);
    await devices.noticed(id);
    assert.deepEqual(await devices.unnoticed(), []);
  });
});
