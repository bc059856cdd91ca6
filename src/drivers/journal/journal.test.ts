import { createTestClock } from '../../../test/helpers/clock.ts';
import { forEachDatabase } from '../../../test/helpers/databases.ts';
import { systemRandom } from '../../random.ts';
import { journalConformance } from './conformance.ts';
import { createTableJournal } from './table.ts';

forEachDatabase((_name, open) => {
  journalConformance(async () => {
    const database = await open();
    const clock = createTestClock();
    const journal = createTableJournal({ database, clock, random: systemRandom });
    return { journal, database, advance: clock.advance };
  });
});
