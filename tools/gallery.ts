/** Draws every component on a page of its own: `node dist/tools/gallery.js FOLDER` writes pictures, without FOLDER it serves them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import { type BrowserContextOptions, chromium } from 'playwright-core';
import { systemClock } from '../src/clock.ts';
import type { AccountId } from '../src/ids.ts';
import { systemRandom } from '../src/random.ts';
import { createSecrets } from '../src/secrets.ts';
import { loadMessages } from '../src/web/messages.ts';
import { pagesScope, registerWeb } from '../src/web/web.ts';
import { examplePath, examples } from './gallery-examples.tsx';

const folder = process.argv[2];
const app = Fastify();
const port = folder ? 0 : 3999;
await registerWeb(app, {
  config: { issuer: `http://localhost:${port}`, development: true, trustedProxies: [] },
  secrets: createSecrets(Buffer.alloc(32)),
  random: systemRandom,
  clock: systemClock,
  messages: loadMessages(),
  readPerson: async (request) => {
    const [sam, kim] = ['sam', 'kim'].map((name) => ({
      accountId: name as AccountId,
      email: `${name}.rivers@example.org`,
      name: name === 'sam' ? 'Sam' : 'Kim',
    }));
    return request.url.includes('sign-in') || !sam || !kim
      ? undefined
      : { person: sam, accountId: sam.accountId, others: [kim] };
  },
  switchTo: async () => false,
});
await pagesScope(app, (pages) => {
  for (const [name, draw] of Object.entries(examples)) {
    pages.get(examplePath(name), (request, reply) => reply.page(draw(request.page)));
  }
});
const address = await app.listen({ port, host: 'localhost' });

const looks: Record<string, BrowserContextOptions> = {
  light: { viewport: { width: 1000, height: 900 } },
  dark: { viewport: { width: 1000, height: 900 }, colorScheme: 'dark' },
  arabic: { viewport: { width: 1000, height: 900 }, locale: 'ar' },
  small: { viewport: { width: 320, height: 640 }, isMobile: true, locale: 'de' },
};

if (folder) {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const [look, options] of Object.entries(looks)) {
    const tab = await (await browser.newContext(options)).newPage();
    tab.on('console', (message) => message.type() === 'error' && console.error(look, message.text()));
    for (const path of [
      ...Object.keys(examples).map(examplePath),
      '/help',
      '/help/privacy',
      '/help/accessibility',
      '/nowhere',
    ]) {
      await tab.goto(address.replace(/127\.0\.0\.1|\[::1\]/, 'localhost') + path);
      const wide = await tab.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      if (wide) console.error(`${look} ${path} scrolls sideways`);
      await tab.screenshot({ path: join(folder, `${path.split('/').at(-1)}-${look}.png`), fullPage: true });
    }
  }
  await browser.close();
  await app.close();
}
