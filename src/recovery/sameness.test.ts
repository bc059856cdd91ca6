import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachDatabase } from '../../test/helpers/databases.ts';
import type { FormBrowser } from '../../test/helpers/form-browser.ts';
import { ann, createLoser, type Loser } from '../../test/helpers/recovering.ts';
import { days, hours } from '../clock.ts';
import { limitTable } from '../limits/limit-table.ts';
import { issuedLength, mostTries } from './issued-codes.ts';

/** Everything a stranger can see of an address, page by page, without what differs for everybody. */
async function look(browser: FormBrowser, email: string): Promise<string[]> {
  const seen: string[] = [];
  const note = () =>
    seen.push(
      [browser.shown.status, browser.shown.url, browser.shown.body]
        .join('\n')
        .replaceAll(email, 'EMAIL')
        .replaceAll(email.replace('@', '@<wbr/>'), 'EMAIL')
        .replace(/name="csrf" value="[^"]*"/g, 'CSRF'),
    );
  await browser.open('/recover');
  await browser.submit({ email });
  note();
  await browser.submit({ way: 'email' });
  note();
  for (let i = 0; i < 6; i += 1) {
    await browser.submit({ code: '00000000' });
    note();
  }
  await browser.submit({ way: 'email' });
  note();
  await browser.open('/recover/code?way=text');
  await browser.submit({ digits: '5678' });
  note();
  await browser.submit({ code: '00000000' });
  note();
  for (const way of ['saved', 'operator']) {
    await browser.open(`/recover/code?way=${way}`);
    note();
    await browser.submit({ code: '0'.repeat(way === 'saved' ? 26 : 25) });
    note();
  }
  for (const path of [
    '/recover/code?way=app',
    '/recover/password',
    '/recover/lost',
    '/recover/done',
    '/recover/report',
  ]) {
    await browser.open(path);
    note();
  }
  return seen;
}

forEachDatabase((_name, open) => {
  test('F5: every page is the same for no account, a plain one and a well protected one', async () => {
    const loser = await createLoser(open);
    await loser.addAccount('bob@example.org');
    await loser.addApp();
    await loser.addAddress('phone', '+4915112345678');
    await loser.addAddress('email', 'ann@elsewhere.example');
    await loser.authenticators.savedCode.make(loser.id);
    const nobody = await look(loser.newBrowser({ remoteAddress: '198.51.100.1' }), 'nob@example.org');
    const plain = await look(loser.newBrowser({ remoteAddress: '198.51.101.1' }), 'bob@example.org');
    const strong = await look(loser.newBrowser({ remoteAddress: '198.51.102.1' }), ann);
    assert.equal(nobody.length, 20);
    assert.deepEqual(plain, nobody);
    assert.deepEqual(strong, nobody);
    assert.deepEqual(loser.subjects('nob@example.org'), Array(2).fill('There is no account with this address'));
  });

  test('F5: the same work is done for no account as for one', async (t) => {
    const loser = await createLoser(open);
    let count = 0;
    const time = async (email: string): Promise<number[]> => {
      count += 1;
      const browser = loser.newBrowser({ remoteAddress: `10.${Math.floor(count / 200)}.${count % 200}.1` });
      await browser.open('/recover');
      const steps = [{ email }, { way: 'email' }, { code: '00000000' }];
      const taken: number[] = [];
      for (const fields of steps) {
        const start = process.hrtime.bigint();
        await browser.submit(fields as unknown as Record<string, string>);
        taken.push(Number(process.hrtime.bigint() - start) / 1e6);
      }
      return taken;
    };
    const [known, unknown]: [number[][], number[][]] = [[], []];
    for (let i = 0; i < 20; i += 1) {
      await loser.addAccount(`known${i}@example.org`);
      known.push(await time(`known${i}@example.org`));
      unknown.push(await time(`nobody${i}@example.org`));
    }
    const median = (all: number[][], step: number) =>
      all.map((one) => one[step] ?? 0).toSorted((a, b) => a - b)[10] ?? 0;
    for (const [step, name] of ['address', 'mail', 'wrong code'].entries())
      t.diagnostic(
        `${name}: ${median(known, step).toFixed(1)} ms known, ${median(unknown, step).toFixed(1)} ms unknown`,
      );
  });

  test('E11: how far guessing gets', async (t) => {
    const loser = await createLoser(open);
    const { tries, mails } = await guessForADay(loser);
    const perAccount = tries / 10 ** issuedLength;
    // Beside the first one of each recovery, which takes a mail.
    const { limit: anHour } = limitTable.wrongRecoveryCodesInAll;
    const inAll = (anHour * 24) / 10 ** issuedLength;
    t.diagnostic(
      `one account, a day, a new network for every try: ${mails} mails, ${tries} tries, ${perAccount.toExponential(1)}`,
    );
    t.diagnostic(`all accounts, a day, networks without number: ${anHour * 24} tries, ${inAll.toExponential(1)}`);
    assert.ok(tries <= limitTable.recoveryMailsToAddressADay.limit * mostTries);
    assert.ok(perAccount < 1e-5);
    assert.ok(inAll < 2e-3);
  });
});

/** Somebody with networks and browsers without number, who asks for codes as fast as they are sent. */
async function guessForADay(loser: Loser): Promise<{ tries: number; mails: number }> {
  const end = loser.clock.now() + days(1);
  let [tries, mails, number] = [0, 0, 0];
  while (loser.clock.now() < end) {
    number += 1;
    const from = { browserId: `guesser-${number}`, network: `network-${number}` };
    await loser.recovery.begin(ann, from);
    const attempt = await loser.recovery.current(from.browserId);
    assert.ok(attempt);
    const { allowed } = await loser.recovery.codes.allow({ email: ann, channel: 'email', network: from.network });
    if (!allowed) {
      loser.clock.advance(hours(1));
      continue;
    }
    await loser.recovery.codes.issue(attempt, 'email', true);
    mails += 1;
    for (;;) {
      const result = await loser.recovery.prove(attempt, 'email', '00000000', {
        ...from,
        network: `network-${number}`,
      });
      if (result.ok || result.reason !== 'wrong') break;
      tries += 1;
    }
    tries += 1;
  }
  return { tries, mails };
}
