import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions, Page as Tab } from 'playwright-core';
import { startTourPlace, takeTour } from '../helpers/journey-tour.ts';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

for (const [look, options] of Object.entries({
  'light, in English': { locale: 'en-GB', colorScheme: 'light' },
  'dark, in Arabic': { locale: 'ar', colorScheme: 'dark' },
} satisfies Record<string, BrowserContextOptions>)) {
  test(`WCAG 2.2 AA on every page, ${look}: axe finds nothing, and 320 px suffice`, async () => {
    const place = await startTourPlace();
    const faults: string[] = [];
    const seen = new Set<string>();
    const visit = async (name: string, tab: Tab): Promise<void> => {
      assert.ok(!seen.has(name), `${name} is seen twice`);
      seen.add(name);
      const { violations } = await new AxeBuilder({ page: tab }).setLegacyMode(true).withTags(rules).analyze();
      for (const { id, nodes } of violations) faults.push(`${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`);
      if (name.startsWith('tv-')) return;
      const size = tab.viewportSize();
      await tab.setViewportSize({ width: 320, height: 640 });
      const wide = await tab.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (wide > 0) faults.push(`${name} is ${wide} px wider than 320 px`);
      if (size) await tab.setViewportSize(size);
    };
    try {
      await takeTour(place, visit, options);
    } finally {
      await place.close();
    }
    assert.deepEqual(faults, []);
    assert.ok(seen.size > 70, `only ${seen.size} pages were seen`);
  });
}
