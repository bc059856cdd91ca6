import type { Among, Journal, RecordedEvent } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import { type EventType, type Filter, shownTypes, typesOf } from './kinds.ts';
import { addToGroups, type Group, nameRows, type Row, type RowNeeds } from './rows.ts';

const rowsAPage = 30;
const eventsARead = 200;
/** So many alike may hide in one page; beyond that it ends early, and "older" goes on from there. */
const readsAPage = 10;
const exportedAtMost = 20_000;
const disownedLooked = 200;

export type Timeline = ReturnType<typeof createTimeline>;

/** Reads the journal as people see it: their own events, those alike together, with names. */
export function createTimeline(needs: RowNeeds & { journal: Pick<Journal, 'recent' | 'find'> }) {
  const { journal } = needs;

  const disownedBy = async (accountId: AccountId): Promise<RecordedEvent[]> =>
    journal.recent(accountId, disownedLooked, { types: ['disowned'] });

  const named = async (accountId: AccountId, groups: readonly Group[]): Promise<Row[]> => {
    const disowned = new Set((await disownedBy(accountId)).map(({ data }) => String(data?.event)));
    return nameRows(needs, accountId, groups, disowned);
  };

  const read = async (accountId: AccountId, types: EventType[], rows: number, from: Among['before']) => {
    const groups: Group[] = [];
    let last = from;
    for (let reads = 0; reads < readsAPage; reads++) {
      const events = await journal.recent(accountId, eventsARead, { types, before: last });
      for (const event of events) {
        const groupsBefore = groups.length;
        if (addToGroups(groups, event) && groupsBefore === rows) {
          groups.pop();
          return { groups, more: last };
        }
        last = event;
      }
      if (events.length < eventsARead) return { groups, more: undefined };
    }
    return { groups, more: last };
  };

  return {
    /** `older` is where the next page begins; an unknown one begins at the newest. */
    async page(accountId: AccountId, filter: Filter, older?: string): Promise<{ rows: Row[]; older?: string }> {
      const from = older === undefined ? undefined : await journal.find(accountId, older);
      const { groups, more } = await read(accountId, typesOf(filter), rowsAPage, from);
      return { rows: await named(accountId, groups), ...(more && { older: more.id }) };
    },

    async recent(accountId: AccountId, count: number): Promise<Row[]> {
      return named(accountId, (await read(accountId, shownTypes, count, undefined)).groups);
    },

    /** Undefined for another account's event, for one that is forgotten, and for one that is not shown (F12). */
    async find(accountId: AccountId, id: string): Promise<{ row: Row; event: RecordedEvent } | undefined> {
      const event = await journal.find(accountId, id);
      if (!event || !shownTypes.includes(event.type)) return undefined;
      const [row] = await named(accountId, [{ newest: event, count: 1 }]);
      return row && { row, event };
    },

    /** What was done when the owner said of an event that it was not them. */
    async disowning(accountId: AccountId, id: string): Promise<RecordedEvent | undefined> {
      return (await disownedBy(accountId)).find(({ data }) => data?.event === id);
    },

    /** Everything, one by one, for taking along. */
    async all(accountId: AccountId): Promise<{ rows: Row[]; events: RecordedEvent[] }> {
      const events: RecordedEvent[] = [];
      for (let more = true; more && events.length < exportedAtMost; ) {
        const next = await journal.recent(accountId, eventsARead, { types: shownTypes, before: events.at(-1) });
        events.push(...next);
        more = next.length === eventsARead;
      }
      const groups = events.map((newest) => ({ newest, count: 1 }));
      return { rows: await named(accountId, groups), events };
    },
  };
}
