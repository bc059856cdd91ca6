/** Pictures of every page: `node dist/tools/shots.js FOLDER [look or part…]`. Looks: light, dark, arabic, small, desktop; parts: as the tour has them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import type { Visit } from '../test/helpers/journey-sights.ts';
import { startTourPlace, takeTour, tourParts } from '../test/helpers/journey-tour.ts';

const looks: Record<string, BrowserContextOptions> = {
  light: {},
  dark: { colorScheme: 'dark' },
  arabic: { locale: 'ar' },
  small: { viewport: { width: 320, height: 640 }, locale: 'de' },
  desktop: { viewport: { width: 1280, height: 800 } },
};

const [folder = 'shots', ...wanted] = process.argv.slice(2);
const chosen = (all: readonly string[]): readonly string[] => {
  const named = all.filter((one) => wanted.includes(one));
  return named.length > 0 ? named : all;
};
for (const [look, options] of Object.entries(looks)) {
  if (!chosen(Object.keys(looks)).includes(look)) continue;
  const into = join(folder, look);
  mkdirSync(into, { recursive: true });
  const place = await startTourPlace();
  const picture: Visit = async (name, tab) => {
    await tab.screenshot({ path: join(into, `${name}.png`), fullPage: !name.startsWith('tv') });
  };
  for (const part of tourParts) if (chosen(tourParts).includes(part)) await takeTour(place, part, picture, options);
  await place.close();
}
