import jsQr from 'jsqr';
import type { Browser, BrowserContext, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { PNG } from 'pngjs';
import { watch } from './journey-watch.ts';

export type TvView = 'idle' | 'waiting' | 'ask' | 'home' | 'over';

/** A television: one page, one button, watched from the sofa. */
export type Tv = {
  context: BrowserContext;
  tab: Tab;
  /** Waits until this view is on. */
  shows(view: TvView): Promise<void>;
  /** The words on the screen. */
  words(): Promise<string>;
  /** Presses the button that is focused, as the remote's OK does. */
  pressOk(): Promise<void>;
  /** The code on the screen. */
  code(): Promise<string>;
  /** What a camera reads from the screen. */
  scan(): Promise<string>;
  /** From a screen with one button to a code. */
  showCode(): Promise<string>;
  /** Lets so much time pass for the television and the server, in milliseconds; scripts only. */
  wait(time: number): Promise<void>;
};

/** `holds: false`: something on the way lets no request wait, so that the television asks every five seconds. */
export type TvOptions = BrowserContextOptions & { holds?: boolean };

type Outside = { browser: Browser; url: string; complaints: string[]; clock: { advance(milliseconds: number): void } };

export async function createTv(
  { browser, url, complaints, clock }: Outside,
  { holds = true, ...options }: TvOptions = {},
): Promise<Tv> {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ...options });
  watch(context, url, complaints);
  if (!holds) {
    await context.route('**/token', async (route, request) => {
      const { prefer: _, ...headers } = await request.allHeaders();
      await route.continue({ headers });
    });
  }
  const tab = await context.newPage();
  if (options.javaScriptEnabled !== false) await tab.clock.install();
  await tab.goto(`${url}/examples/tv`);
  const tv: Tv = {
    context,
    tab,
    shows: (view) => tab.waitForSelector(`#${view}.on`, { timeout: 30_000 }).then(() => {}),
    // biome-ignore lint/performance/useDomNodeTextContent: what is seen, not what the page holds
    words: () => tab.innerText('.on'),
    pressOk: () => tab.keyboard.press('Enter'),
    code: async () => (await tab.textContent('#code'))?.trim() ?? '',
    async scan() {
      const { data, width, height } = PNG.sync.read(await tab.screenshot());
      const found = jsQr.default(new Uint8ClampedArray(data), width, height);
      if (!found) throw new Error('No QR code on the screen can be read.');
      return found.data;
    },
    async showCode() {
      const before = await tv.code();
      if (options.javaScriptEnabled === false) await tab.click('.on button');
      else await tv.pressOk();
      await tab.waitForSelector('#waiting.on');
      await tab
        .locator('#code', { hasText: /^\w{4}-\w{4}$/ })
        .filter({ hasNotText: before || '?' })
        .waitFor();
      await tab.waitForFunction(() => {
        const qr = document.querySelector<HTMLImageElement>('#qr');
        return qr?.complete && qr.naturalWidth > 1;
      });
      return tv.code();
    },
    async wait(time) {
      clock.advance(time);
      await tab.clock.fastForward(time);
    },
  };
  return tv;
}
