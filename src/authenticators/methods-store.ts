import type { Database, DatabaseTransaction } from '../drivers/database/database.ts';
import type { AccountId } from '../ids.ts';
import type { RecoveryTables } from './recovery-store.ts';

/** Of each table, what it takes to count. */
type Tables = {
  password: { account_id: AccountId };
  passkey: {
    account_id: AccountId;
    second_step_only: number;
    uv_initialized: number;
    created_at: number;
    suspended_at: number | null;
  };
  authenticator_app: { account_id: AccountId; created_at: number; suspended_at: number | null };
} & RecoveryTables;

/** How many of each an account has, in one question. */
export function createMethodsStore(database: Database) {
  const within = (trx: DatabaseTransaction | undefined) =>
    trx ? trx.withTables<Tables>() : database.query.withTables<Tables>();

  return {
    /**
     * What was made by `madeBy`; the password counts whenever it was set.
     * A passkey whose user verification is not vouched for counts nowhere: it is no way in, and nobody set it up.
     */
    async methodsOf(id: AccountId, trx?: DatabaseTransaction, madeBy = Number.MAX_SAFE_INTEGER) {
      const row = await within(trx)
        .selectNoFrom(({ selectFrom }) => {
          const passkeys = (secondStepOnly: 0 | 1) =>
            selectFrom('passkey')
              .select((e) => e.fn.countAll().as('n'))
              .where('account_id', '=', id)
              .where('created_at', '<=', madeBy)
              .where('second_step_only', '=', secondStepOnly)
              .where((e) => e.or([e('second_step_only', '=', 1), e('uv_initialized', '=', 1)]));
          const apps = () =>
            selectFrom('authenticator_app')
              .select((e) => e.fn.countAll().as('n'))
              .where('account_id', '=', id)
              .where('created_at', '<=', madeBy);
          return [
            selectFrom('password')
              .select((e) => e.fn.countAll().as('n'))
              .where('account_id', '=', id)
              .as('password'),
            passkeys(0).as('passkeys'),
            passkeys(0).where('suspended_at', 'is not', null).as('passkeys_off'),
            passkeys(1).as('keys'),
            passkeys(1).where('suspended_at', 'is not', null).as('keys_off'),
            apps().as('app'),
            apps().where('suspended_at', 'is not', null).as('app_off'),
            selectFrom('recovery_code')
              .innerJoin('recovery_code_set', 'recovery_code_set.account_id', 'recovery_code.account_id')
              .select((e) => e.fn.countAll().as('n'))
              .where('recovery_code.account_id', '=', id)
              .where('recovery_code_set.created_at', '<=', madeBy)
              .as('codes'),
          ];
        })
        .executeTakeFirstOrThrow();
      const off = { passkeys: Number(row.passkeys_off), app: Number(row.app_off) > 0, keys: Number(row.keys_off) };
      return {
        password: Number(row.password) > 0,
        passkeys: Number(row.passkeys),
        app: Number(row.app) > 0,
        keys: Number(row.keys),
        recoveryCodes: Number(row.codes),
        ...((off.passkeys > 0 || off.app || off.keys > 0) && { off }),
      };
    },
  };
}
