import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions, Page as Tab } from 'playwright-core';
import type { Place } from '../helpers/journey-place.ts';
import { startTourPlace, takeTour, tourParts } from '../helpers/journey-tour.ts';

type Look = { options: BrowserContextOptions; rules: string[]; pages: number };

const everything = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const looks: Record<string, Look> = {
  'light, in English': { options: { locale: 'en-GB', colorScheme: 'light' }, rules: everything, pages: 131 },
  // The same elements in other colours, words and directions.
  'dark, in Arabic': {
    options: { locale: 'ar', colorScheme: 'dark' },
    rules: ['cat.color', 'cat.language', 'wcag22aa'],
    pages: 131,
  },
};

for (const [look, { options, rules, pages }] of Object.entries(looks)) {
  describe(`WCAG 2.2 AA, ${look}: axe finds nothing and 320 px suffice`, () => {
    let place: Place;
    const seen = new Set<string>();
    before(async () => {
      place = await startTourPlace();
    });
    after(async () => {
      await place?.close();
      assert.equal(seen.size, pages, 'pages were seen');
    });

    for (const part of tourParts) {
      test(`on every page of the part: ${part}`, async () => {
        const faults: string[] = [];
        const visit = async (name: string, tab: Tab): Promise<void> => {
          assert.ok(!seen.has(name), `${name} is seen twice`);
          seen.add(name);
          const { violations } = await new AxeBuilder({ page: tab }).setLegacyMode(true).withTags(rules).analyze();
          for (const { id, nodes } of violations)
            faults.push(`${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`);
          if (name.startsWith('tv-')) return;
          const size = tab.viewportSize();
          await tab.setViewportSize({ width: 320, height: 640 });
          const { scrollWidth, clientWidth } = await tab.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return { scrollWidth, clientWidth };
          });
          if (scrollWidth > clientWidth) faults.push(`${name} is ${scrollWidth} px wide`);
          if (size) await tab.setViewportSize(size);
        };
        await takeTour(place, part, visit, options);
        assert.deepEqual(faults, []);
      });
    }
  });
}
