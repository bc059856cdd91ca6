/** Pictures of every page: `node dist/tools/shots.js FOLDER [look…]`. Looks: light, dark, arabic, small, desktop. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { startTourPlace, takeTour } from '../test/helpers/journey-tour.ts';

const looks: Record<string, BrowserContextOptions> = {
  light: {},
  dark: { colorScheme: 'dark' },
  arabic: { locale: 'ar' },
  small: { viewport: { width: 320, height: 640 }, locale: 'de' },
  desktop: { viewport: { width: 1280, height: 800 } },
};

const [folder = 'shots', ...wanted] = process.argv.slice(2);
for (const [look, options] of Object.entries(looks)) {
  if (wanted.length > 0 && !wanted.includes(look)) continue;
  const into = join(folder, look);
  mkdirSync(into, { recursive: true });
  const place = await startTourPlace();
  await takeTour(
    place,
    async (name, tab) => {
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) console.error(`${look} ${name} scrolls sideways`);
      await tab.screenshot({ path: join(into, `${name}.png`), fullPage: !name.startsWith('tv') });
    },
    options,
  ).catch((error: unknown) => console.error(look, error));
  await place.close().catch((error: unknown) => console.error(look, error));
}
