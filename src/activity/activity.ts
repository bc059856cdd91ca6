import type { Addresses } from '../addresses/addresses.ts';
import { type Clock, days } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import type { AccountId } from '../ids.ts';
import type { Limits } from '../limits/limits.ts';
import type { Random } from '../random.ts';
import type { Secrets } from '../secrets.ts';
import type { SignInFacts } from '../signin/signin.ts';
import { disownedMail, endedMail, signInMail, takenBackMail } from './activity-mail.tsx';
import { createDisowning, type DisownNeeds } from './disown.ts';
import { createNotices } from './notices.ts';
import type { Row, RowNeeds } from './rows.ts';
import { createTakeBack, type TakeBackNeeds } from './take-back.ts';
import { createTimeline, type Timeline } from './timeline.ts';
import { createWayChanges } from './way-changes.ts';
import { createWayChangesStore } from './way-changes-store.ts';

export type ActivityNeeds = {
  database: Database;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  limits: Limits;
  journal: Journal;
  config: { activityDays: number };
  signin: DisownNeeds['signin'] & TakeBackNeeds['signin'];
  devices: DisownNeeds['devices'] & RowNeeds['devices'] & TakeBackNeeds['devices'];
  accounts: DisownNeeds['accounts'] & TakeBackNeeds['accounts'];
  authenticators: DisownNeeds['authenticators'] & TakeBackNeeds['authenticators'];
  clientNames: RowNeeds['clientNames'];
  /** The room of addresses. `reach` says how many mailboxes took the mail. */
  addresses: DisownNeeds['addresses'] & TakeBackNeeds['addresses'] & Pick<Addresses, 'tell' | 'reach'>;
  recovery: DisownNeeds['recovery'];
  failed(error: unknown, what: string): void;
};

export type Activity = {
  /** The newest rows, for the front page of the account; `<ActivityRows>` shows them. */
  recent(accountId: AccountId, count: number): Promise<Row[]>;
  /** To be told after every sign-in: mails about those in new browsers. */
  signedIn(facts: SignInFacts): void;
  timeline: Timeline;
  disowning: ReturnType<typeof createDisowning>;
  notices: ReturnType<typeof createNotices>;
  /** Changes of ways in, each with the link that takes it back. */
  changes: ReturnType<typeof createWayChanges>;
  /** How long events are kept, and what of them says where somebody was (B23). */
  kept: { days: number; placeDays: number };
  /** Forgets what is too old, and tries mails again. For a timer. */
  tidy(): Promise<void>;
};

/** B23: where people were is nobody's business for longer, nor what belongs to nobody. */
const placeDays = 30;

/** What happened in an account, told to its owner, and undone if it was not them. */
export function createActivity(needs: ActivityNeeds): Activity {
  const { journal, clock, addresses } = needs;
  const kept = { days: needs.config.activityDays, placeDays: Math.min(placeDays, needs.config.activityDays) };
  const timeline = createTimeline(needs);
  const disowning = createDisowning({
    ...needs,
    timeline,
    tell: ({ row }, accountId, done) => addresses.tell(accountId, (reader) => disownedMail(reader, row, done)),
  });
  const store = createWayChangesStore(needs.database);
  const { takeBack } = createTakeBack({ ...needs, store });
  const changes = createWayChanges({
    ...{ ...needs, store, takeBack },
    told: (change, done) => addresses.tell(change.accountId, (reader) => takenBackMail(reader, change, done)),
  });
  const notices = createNotices({
    ...{ ...needs, takeBack },
    write: (notice, token) => addresses.reach(notice.accountId, (reader) => signInMail(reader, notice, token)),
    ended: (notice) => addresses.tell(notice.accountId, (reader) => endedMail(reader, notice)),
  });

  return {
    recent: timeline.recent,
    signedIn: notices.signedIn,
    timeline,
    disowning,
    notices,
    changes,
    kept,
    async tidy() {
      const now = clock.now();
      await journal.forget({ before: now - days(kept.days), placesBefore: now - days(kept.placeDays) });
      await notices.tidy();
      await changes.tidy();
    },
  };
}
