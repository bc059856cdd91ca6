import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { type DeviceAnswer, introspect, poll, postForm } from './device.ts';
import { createHttpBrowser, type HttpBrowser, type HttpPage } from './http-browser.ts';
import { testPassword } from './test-app.ts';

/** What one device was told, and what its person did. */
export type Linking = {
  deviceCode: string;
  userCode: string;
  /** How often the device asked. */
  polls: number;
  /** The person has seen the page that says it is linked. */
  acknowledged: boolean;
  acknowledgedAt?: number;
  /** Every set of tokens the device was given. */
  tokens: Record<string, unknown>[];
};

export type LinkLoad = {
  readonly linkings: readonly Linking[];
  /** Answers that no device and no person should ever get. */
  readonly wrong: readonly string[];
  /** Requests answered so far. */
  readonly answered: number;
  /** Those of them that were a person's. */
  readonly pages: number;
  /** Requests that the server neither answered nor refused, because it was away. */
  readonly unanswered: number;
  /** Requests answered by 503. */
  readonly unavailable: number;
  /** Begins nothing new, and resolves when everything begun has come to its end. */
  finish(): Promise<void>;
};

type Wishes = {
  url: string;
  client: string;
  emails: string[];
  devices: number;
  /** Headers of the first of two that poll for each device, such as `Prefer`. */
  headers?: Record<string, string>;
  /** For how many milliseconds after the approval a device may still be told to wait, because messages are being lost. */
  heardWithin?: number;
};

/**
 * Devices that ask for a code, poll and redeem, and people who approve, one after the other as fast as they are
 * answered. When the server is away they try again, as devices and people do.
 */
export function startLinkLoad({ url, client, emails, devices, headers = {}, heardWithin = 0 }: Wishes): LinkLoad {
  const linkings: Linking[] = [];
  const wrong: string[] = [];
  const typed: Linking[] = [];
  let answered = 0;
  let pages = 0;
  let unanswered = 0;
  let unavailable = 0;
  let finishing = false;

  /** The answer, or undefined if nobody was there or the server said that it cannot answer now. */
  async function attempt<T extends { status: number; headers: Headers }>(
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      const answer = await work();
      if (answer.status !== 503) {
        answered += 1;
        return answer;
      }
      unavailable += 1;
      if (!(Number(answer.headers.get('retry-after')) >= 1)) wrong.push('503 without Retry-After');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      unanswered += 1;
    }
    await pause(50);
    return undefined;
  }

  async function device(): Promise<void> {
    while (!finishing) {
      const form = { client_id: client, scope: 'openid email' };
      const answer = await attempt(() => postForm(`${url}/device_authorization`, form));
      if (!answer) continue;
      if (answer.status !== 200) return void wrong.push(`device authorization: ${text(answer)}`);
      const linking = {
        deviceCode: String(answer.body.device_code),
        userCode: String(answer.body.user_code),
        polls: 0,
        acknowledged: false,
        tokens: [],
      };
      linkings.push(linking);
      typed.push(linking);
      await untilRedeemed(linking);
    }
  }

  async function untilRedeemed(linking: Linking): Promise<void> {
    // Two askers at once, and one of them once more: a device that lost an answer cannot know which one it was.
    const ask = async (more = {}): Promise<void> => {
      while (wrong.length === 0) {
        const late = linking.acknowledged && performance.now() - (linking.acknowledgedAt ?? 0) >= heardWithin;
        const answer = await attempt(() => poll(url, client, linking.deviceCode, more));
        linking.polls += 1;
        if (answer?.status === 200) {
          linking.tokens.push(answer.body);
          return;
        }
        const pending = answer?.body.error === 'authorization_pending' || answer?.body.error === 'slow_down';
        if (answer && (!pending || late)) {
          wrong.push(`poll${late ? ' after the approval' : ''}: ${text(answer)}`);
        }
        await pause(50);
      }
    };
    await Promise.all([ask(headers), ask()]);
    await ask();
  }

  async function person(email: string): Promise<void> {
    const browser = createHttpBrowser(url);
    while (!finishing || typed.length > 0) {
      const linking = typed.shift();
      if (!linking) await pause(10);
      else await approve(browser, email, linking);
    }
  }

  async function approve(browser: HttpBrowser, email: string, linking: Linking): Promise<void> {
    let page: HttpPage | undefined;
    for (let steps = 0; wrong.length === 0; steps++) {
      const shown = page;
      page = await attempt(() => (shown ? pressOn(browser, shown, email, linking.userCode) : browser.open('/link')));
      if (page) pages += 1;
      if (page && page.status >= 400 && page.status !== 422) wrong.push(`page: ${text(page)}`);
      if (page && /now signed in/.test(page.text)) {
        linking.acknowledged = true;
        linking.acknowledgedAt = performance.now();
        return;
      }
      // A person whose answer was lost in a kill may have to wait ten seconds, until they are asked to sign in again.
      if (steps > 20) await pause(20);
      assert.ok(steps < 3000, `a person gets no further than ${page?.url}:\n${page?.text}`);
    }
  }

  const work = [...Array.from({ length: devices }, device), ...emails.map(person)];
  const failed = Promise.all(work).then(
    () => undefined,
    (error: unknown) => {
      finishing = true;
      wrong.push(String(error));
    },
  );
  return {
    linkings,
    wrong,
    get answered() {
      return answered;
    },
    get pages() {
      return pages;
    },
    get unanswered() {
      return unanswered;
    },
    get unavailable() {
      return unavailable;
    },
    async finish() {
      finishing = true;
      await failed;
    },
  };
}

/** What was acknowledged was redeemed, by everyone who asked, with one set of tokens, and these work. */
export async function expectEachLinkedOnce(load: LinkLoad, url: string, client: string): Promise<void> {
  assert.deepEqual(load.wrong, []);
  assert.ok(load.linkings.length > 0);
  for (const { acknowledged, tokens, userCode } of load.linkings) {
    assert.ok(acknowledged, `${userCode} was not linked`);
    assert.equal(tokens.length, 3, `${userCode} was not redeemed by everyone who asked`);
    assert.equal(new Set(tokens.map((answer) => answer.access_token)).size, 1, `${userCode} was redeemed twice`);
    const { body } = await introspect(url, client, String(tokens[0]?.access_token));
    assert.equal(body.active, true, `${userCode} was given tokens that do not work`);
  }
}

const text = (answer: DeviceAnswer | HttpPage): string =>
  `${answer.status} ${'body' in answer ? JSON.stringify(answer.body) : `${answer.url} ${answer.text}`}`;

/** Answers whatever the page asks, as a person does who wants to link and may have to sign in again. */
function pressOn(browser: HttpBrowser, page: HttpPage, email: string, userCode: string): Promise<HttpPage> {
  const has = (selector: string): boolean => page.root.querySelector(selector) !== null;
  if (has('button[name="decision"][value="approve"]'))
    return browser.submit(page, {}, { name: 'decision', value: 'approve' });
  if (has('main input[name="password"]')) return browser.submit(page, { password: testPassword });
  if (has('main input[name="email"]')) return browser.submit(page, { email });
  if (has('main input[name="user_code"]')) return browser.submit(page, { user_code: userCode });
  return browser.open('/link');
}
