import type { Clock } from '../clock.ts';
import type { AccountId } from '../ids.ts';
import type { Secrets } from '../secrets.ts';
import type { From } from './attempt.ts';
import type { Thing } from './lost-things.ts';
import { lostMail, type OwnerReader, operatorMail, statusMail } from './recovery-mail.tsx';
import type { RecoveryRow } from './recovery-store.ts';
import { cancelToken, finishToken } from './tokens.ts';

type Words = { subject: string; text: string; html: string };

/** Every recovery is told to every address of its owner, with what to do if it was not them (E19). */
export function createNotices(needs: {
  clock: Clock;
  secrets: Secrets;
  /** How many addresses were reached. Never rejects. */
  reach(accountId: AccountId, write: (reader: OwnerReader) => Words, more?: { began?: number }): Promise<number>;
}) {
  const { clock, secrets, reach } = needs;
  return {
    /** What has become of an attempt. False if nobody could be reached, and it is to be tried again. */
    async status(row: RecoveryRow): Promise<boolean> {
      if (!row.account_id) return true;
      const links = { cancel: cancelToken(secrets, row.id), finish: finishToken(secrets, row.id) };
      const began = row.created_at;
      return (await reach(row.account_id, (reader) => statusMail(reader, row, links), { began })) > 0;
    },

    async issuedByOperator(accountId: AccountId, until: number): Promise<void> {
      await reach(accountId, (reader) => operatorMail(reader, until));
    },

    async reportedLost(accountId: AccountId, { country, userAgent }: From, lost: readonly Thing[]): Promise<void> {
      await reach(accountId, (reader) => lostMail(reader, { at: clock.now(), country, userAgent }, lost));
    },
  };
}
