import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { minutes } from '../../src/clock.ts';
import { type DeviceAnswer, poll, refresh, requestCode } from './device.ts';
import { createHttpBrowser, signIn } from './http-browser.ts';
import { approve, reviewCode } from './link-journey.ts';
import type { Seeded } from './seeded.ts';
import { testPassword } from './test-app.ts';

export type RefreshLoad = {
  /** What no device should be told. */
  readonly wrong: readonly string[];
  readonly refreshed: number;
  /** Times that a device asked again with the same token, as if the answer had been lost. */
  readonly repeated: number;
  /** Once it has ended: a token of each device that has not been used. */
  readonly last: string[];
  /** Ends, and sees that the last token of each device is still worth something. */
  finish(): Promise<void>;
};

/** So many devices, linked and with tokens. */
export async function linkDevices(url: string, client: string, email: string, count: number): Promise<string[]> {
  const browser = createHttpBrowser(url);
  await signIn(browser, email, testPassword);
  const tokens: string[] = [];
  for (let n = 0; n < count; n++) {
    const code = await requestCode(url, client);
    const done = await approve(browser, await reviewCode(browser, code.user_code));
    assert.match(done.text, /now signed in/);
    const { status, body } = await untilAnswered(() => poll(url, client, code.device_code));
    assert.equal(status, 200, JSON.stringify(body));
    tokens.push(String(body.refresh_token));
  }
  return tokens;
}

/** Linked devices that refresh one after the other, and every third time lose the answer and ask again. */
export function startRefreshLoad(wishes: {
  url: string;
  client: string;
  tokens: readonly string[];
  seeded: Seeded;
}): RefreshLoad {
  const { url, client, tokens, seeded } = wishes;
  const wrong: string[] = [];
  const last: string[] = [];
  let refreshed = 0;
  let repeated = 0;
  let finishing = false;

  const next = async (token: string): Promise<string | undefined> => {
    const { status, body } = await untilAnswered(() => refresh(url, client, token));
    if (status === 200) return String(body.refresh_token);
    wrong.push(`${status} ${JSON.stringify(body)}`);
    return undefined;
  };

  async function device(first: string): Promise<void> {
    let token: string | undefined = first;
    while (token && !finishing) {
      const successor = await next(token);
      refreshed += 1;
      if (successor && seeded.below(3) === 0) {
        repeated += 1;
        await pause(seeded.below(30));
        const again = await next(token);
        if (again !== successor) wrong.push('a retry was given another token');
      }
      token = successor;
      await pause(20);
    }
    const unused = token && (await next(token));
    if (unused) last.push(unused);
  }

  const devices = Promise.all(tokens.map(device));
  // Told to whoever waits for the end.
  devices.catch(() => {});
  return {
    wrong,
    last,
    get refreshed() {
      return refreshed;
    },
    get repeated() {
      return repeated;
    },
    async finish() {
      finishing = true;
      await devices;
    },
  };
}

/** As a device does that is told to come again, or whose answer is lost with a process that ends. */
async function untilAnswered(ask: () => Promise<DeviceAnswer>): Promise<DeviceAnswer> {
  const end = performance.now() + minutes(1);
  let last: unknown;
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer.status !== 503) return answer;
      last = answer.body;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      last = error;
    }
    await pause(100);
  }
  throw new Error(`A device was told to come again for a minute, at last: ${inspect(last)}`);
}
