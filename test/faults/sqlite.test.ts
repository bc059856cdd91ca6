import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { introspect, poll, postForm, refresh, requestCode } from '../helpers/device.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { approve, linkCode, reviewCode } from '../helpers/link-journey.ts';
import { silence } from '../helpers/silence.ts';
import { startTestApp, type TestApp, testPassword } from '../helpers/test-app.ts';

/** A small file system of its own, where the machine lets us make one; else the engine's own limit stands in for it. */
const disk = mountSmallDisk('24m');

describe(`SQLite on a full disk (${disk ? 'a small file system' : 'max_page_count'})`, () => {
  let server: TestApp;
  let tv: string;
  let person: HttpBrowser;

  before(async () => {
    server = await startTestApp(disk ? { data: disk.folder } : {});
    silence(server.app.server);
    await server.createAccount('sam@example.org');
    tv = (await server.createClient()).id;
    person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
  });
  /** Asked anew: an answer of less than a second ago is not asked for again. */
  const readiness = async (): Promise<number> => {
    await pause(1100);
    return (await fetch(`${server.url}/readyz`)).status;
  };
  after(async () => {
    await server.stop();
    disk?.unmount();
  });

  it('fault E9: full: clear 503, not ready and nothing half-written; with space again: everything goes on', async (t) => {
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    const [pending, linked] = [await requestCode(server.url, tv), await requestCode(server.url, tv)];
    await linkCode(person, linked.user_code);
    const tokens = (await poll(server.url, tv, linked.device_code)).body;
    const review = await reviewCode(person, pending.user_code);

    const space = await fill(server, disk?.folder);
    const asked: { status: number; body: Record<string, unknown>; headers: Headers }[] = [];
    // Several at once share a commit, and all of them must hear the same; until not even a small write fits.
    for (let round = 0; round < 200 && asked.at(-1)?.status !== 503; round++) {
      const ask = () => postForm(`${server.url}/device_authorization`, { client_id: tv, scope: 'openid' });
      asked.push(...(await Promise.all(Array.from({ length: 8 }, ask))));
    }
    const refused = asked.filter(({ status }) => status !== 200);
    assert.ok(refused.length > 0, 'the disk was never full');
    for (const { status, body, headers } of refused) {
      assert.deepEqual([status, body.error], [503, 'temporarily_unavailable'], JSON.stringify(body));
      assert.ok(Number(headers.get('retry-after')) >= 1);
    }
    t.diagnostic(`${asked.length - refused.length} codes were stored before the disk was full`);

    if (disk) assert.equal(await readiness(), 503, 'whoever cannot store anything is not ready');
    assert.equal((await poll(server.url, tv, pending.device_code)).body.error, 'authorization_pending');
    const page = await approve(person, review);
    const refreshed = await refresh(server.url, tv, String(tokens.refresh_token));
    // The engine's own limit leaves gaps in pages it has, into which a small write may still fit.
    if (disk || page.status !== 200) assert.match(page.text, /Nothing was lost/);
    if (disk || refreshed.status !== 200) assert.equal(refreshed.status, 503);
    assert.equal(
      (await introspect(server.url, tv, String(tokens.access_token))).body.active,
      true,
      'reading still works',
    );

    await space.free();
    assert.equal(await readiness(), 200, 'ready again with the first write that is taken');
    const since = performance.now();
    while ((await postForm(`${server.url}/device_authorization`, { client_id: tv })).status !== 200) await pause(5);
    t.diagnostic(`a code was stored again ${Math.round(performance.now() - since)} ms after there was space`);
    for (const { body, status } of asked) {
      if (status !== 200) continue;
      const answer = await poll(server.url, tv, String(body.device_code));
      assert.equal(answer.body.error, 'authorization_pending', 'a code that was handed out is there');
    }
    // The refresh that failed has consumed nothing, the approval that failed has linked nothing.
    assert.equal((await refresh(server.url, tv, String(tokens.refresh_token))).status, 200);
    const links = (await person.open('/devices')).root.querySelectorAll('main li a[href^="/devices/"]').length;
    assert.equal(links, page.status === 503 ? 1 : 2);
    if (page.status === 503) await linkCode(person, pending.user_code);
    assert.equal((await poll(server.url, tv, pending.device_code)).status, 200);
    const { rows } = await sql<Record<string, string>>`pragma integrity_check`.execute(server.outside.database.query);
    assert.deepEqual(rows, [{ integrity_check: 'ok' }]);
  });
});

describe('SQLite on a small disk', { skip: disk ? false : 'no file system of its own can be made here' }, () => {
  it('fault E9: the log does not fill the disk by itself', async (t) => {
    const small = mountSmallDisk('24m');
    assert.ok(small);
    const server = await startTestApp({ data: small.folder });
    try {
      silence(server.app.server);
      const tv = (await server.createClient()).id;
      const log = join(small.folder, 'latchkey.sqlite-wal');
      const file = join(small.folder, 'latchkey.sqlite');
      let largest = 0;
      // Much is written, and little of it stays.
      for (let round = 0; round < 40; round++) {
        const form = { client_id: tv, scope: 'openid', device_name: 'x'.repeat(60) };
        const asked = Array.from({ length: 50 }, () => postForm(`${server.url}/device_authorization`, form));
        for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
        await sql`delete from device_authorization`.execute(server.outside.database.query);
        await sql`delete from security_event`.execute(server.outside.database.query);
        largest = Math.max(largest, statSync(log).size);
      }
      t.diagnostic(
        `log ${Math.round(largest / 1024)} KiB at most, database ${Math.round(statSync(file).size / 1024)} KiB`,
      );
      assert.ok(largest < 6 * 1024 * 1024, `${largest} bytes`);
    } finally {
      await server.stop();
      small.unmount();
    }
  });
});

describe('SQLite locked by another process', () => {
  let server: TestApp;
  let tv: string;
  let other: DatabaseSync;

  before(async () => {
    server = await startTestApp();
    silence(server.app.server);
    tv = (await server.createClient()).id;
    other = new DatabaseSync(join(server.outside.config.data, 'latchkey.sqlite'));
  });
  after(async () => {
    other.close();
    await server.stop();
  });

  const ask = () => postForm(`${server.url}/device_authorization`, { client_id: tv, scope: 'openid' });

  it('for a moment: the write waits, and nothing else does', async () => {
    const { device_code } = await requestCode(server.url, tv);
    other.exec('begin immediate');
    let answered = false;
    const written = ask().finally(() => {
      answered = true;
    });
    for (const _ of [1, 2, 3]) {
      assert.match(String((await poll(server.url, tv, device_code)).body.error), /authorization_pending|slow_down/);
      await pause(20);
    }
    assert.equal(answered, false, 'the write went through a lock');
    other.exec('commit');
    assert.equal((await written).status, 200);
  });

  it('for longer than anyone waits: 503, at once for those who come later, and no harm afterwards', async (t) => {
    other.exec('begin immediate');
    const since = performance.now();
    const first = await Promise.all([ask(), ask(), ask()]);
    t.diagnostic(`the first heard of it after ${Math.round(performance.now() - since)} ms`);
    const later = [await ask(), await ask()];
    t.diagnostic(`all heard of it after ${Math.round(performance.now() - since)} ms`);
    for (const { status, body, headers } of [...first, ...later]) {
      assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
      assert.ok(Number(headers.get('retry-after')) >= 1);
    }
    other.exec('rollback');
    assert.equal((await ask()).status, 200);
  });
});

describe('SQLite closed while requests still come', () => {
  it('503 for apps and people alike, and pending polls are answered', async () => {
    const server = await startTestApp();
    const { lines } = silence(server.app.server);
    await server.createAccount('sam@example.org');
    const tv = (await server.createClient()).id;
    const person = createHttpBrowser(server.url);
    await signIn(person, 'sam@example.org', testPassword);
    const [pending, linked] = [await requestCode(server.url, tv), await requestCode(server.url, tv)];
    await linkCode(person, linked.user_code);
    const tokens = (await poll(server.url, tv, linked.device_code)).body;
    const review = await reviewCode(person, pending.user_code);
    await server.outside.database.close();

    assert.equal((await poll(server.url, tv, pending.device_code)).body.error, 'authorization_pending');
    for (const { status, body, headers } of [
      await postForm(`${server.url}/device_authorization`, { client_id: tv }),
      await poll(server.url, tv, linked.device_code),
      await refresh(server.url, tv, String(tokens.refresh_token)),
      await introspect(server.url, tv, String(tokens.access_token)),
    ]) {
      assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
      assert.ok(Number(headers.get('retry-after')) >= 1);
    }
    for (const page of [await approve(person, review), await person.open('/devices')]) {
      assert.equal(page.status, 503, page.text);
      assert.ok(Number(page.headers.get('retry-after')) >= 1);
      assert.match(page.text, /Nothing was lost/);
    }
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
    assert.doesNotMatch(lines.join(''), /"statusCode":500/);
    await server.stop();
  });
});

type Disk = { folder: string; unmount(): void };

function mountSmallDisk(size: string): Disk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder]);
  const unmount = (): void => {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  if (status === 0) return { folder, unmount };
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

/** Leaves no room, or almost none: what is free in pages that are already there may still be used. */
async function fill(server: TestApp, folder: string | undefined): Promise<{ free(): Promise<void> }> {
  const { query } = server.outside.database;
  if (!folder) {
    await sql`pragma max_page_count = 1`.execute(query);
    return { free: async () => void (await sql`pragma max_page_count = 1000000`.execute(query)) };
  }
  const ballast = join(folder, 'ballast');
  const chunk = Buffer.alloc(4096, 1);
  try {
    for (;;) writeFileSync(ballast, chunk, { flag: 'a' });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
  return { free: async () => rmSync(ballast) };
}
