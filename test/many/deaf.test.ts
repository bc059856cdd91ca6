import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { poll, requestCode } from '../helpers/device.ts';
import { type ForgetfulNetwork, listens, startForgetfulNetwork } from '../helpers/forgetful-network.ts';
import { createHttpBrowser, type HttpBrowser, signIn } from '../helpers/http-browser.ts';
import { linkCode } from '../helpers/link-journey.ts';
import { createManyProcesses, type ManyProcesses } from '../helpers/many-processes.ts';
import type { ServerProcess } from '../helpers/server-process.ts';
import { testPassword } from '../helpers/test-app.ts';

/** Two processes, of which one never hears what the other decides: whatever subscribes there is forgotten at once. */
describe('a process that stays deaf', () => {
  let many: ManyProcesses;
  let toStore: ForgetfulNetwork;
  let deaf: ServerProcess;
  let hearing: ServerProcess;
  let browser: HttpBrowser;
  before(async () => {
    many = await createManyProcesses();
    const store = many.env.LATCHKEY_VALKEY_URL ?? '';
    toStore = await startForgetfulNetwork(Number(new URL(store).port));
    deaf = await many.start({ LATCHKEY_VALKEY_URL: toStore.through(store) });
    hearing = await many.start();
    browser = createHttpBrowser(hearing.url);
    await signIn(browser, many.people[0] ?? '', testPassword);
    toStore.forget(listens);
    toStore.deafen();
  });
  after(async () => {
    await many?.remove();
    await toStore?.close();
  });

  const readiness = async (): Promise<number> => (await fetch(`${deaf.url}/readyz`)).status;

  async function lateAt({ url }: ServerProcess): Promise<number> {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return Number(/^latchkey_decisions_late_total (\d+)$/m.exec(metrics)?.[1]);
  }

  /** A device that asks the deaf one alone, and a person at the other; returns what the device got at last. */
  async function link(headers = {}): Promise<Record<string, unknown>> {
    const code = await requestCode(deaf.url, many.tv);
    const ask = () => poll(deaf.url, many.tv, code.device_code, headers);
    const first = Object.keys(headers).length > 0 ? ask() : undefined;
    if (!first) assert.equal((await ask()).body.error, 'authorization_pending');
    await linkCode(browser, code.user_code);
    let answer = await (first ?? ask());
    while (answer.status !== 200) {
      assert.match(String(answer.body.error), /^(authorization_pending|slow_down)$/);
      await pause(50);
      answer = await ask();
    }
    return answer.body;
  }

  it('fault E4: its devices get their tokens nevertheless, and what was found late is counted there alone', async () => {
    assert.equal(await lateAt(deaf), 0);
    // One that is looked for within the second in which its message might still come does not count as late.
    do assert.ok((await link()).access_token);
    while ((await lateAt(deaf)) === 0);
    assert.equal(await lateAt(hearing), 0);
  });

  it('fault E4: a poll that it holds is answered when the decision is found', async () => {
    assert.ok((await link({ prefer: 'wait=25' })).access_token);
  });

  it('fault E4: it is not ready as long as it is deaf, goes on, and is ready when it hears', async () => {
    // Asked each time: a process that had ended would be met here.
    while ((await readiness()) !== 503 || toStore.deafened < 2) await pause(50);
    toStore.heal();
    while ((await readiness()) !== 200) await pause(50);
    assert.ok((await link()).access_token);
  });
});
