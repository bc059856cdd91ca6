import type { Purpose } from '../secrets.ts';

/** A column that holds sealed values: where, for what, and the context each is bound to by the room that seals it. */
export type SealedColumn = {
  table: string;
  /** The primary key, in its order. */
  key: readonly [string] | readonly [string, string];
  column: string;
  purpose: Purpose;
  context(row: { readonly [column: string]: string | undefined }): string | undefined;
  /** What `context` reads beside the key. */
  beside?: string;
};

/** Every sealed column there is; a test compares this list with the schema. The lookup key is sealed by itself. */
export const sealedColumns: readonly SealedColumn[] = [
  one('password', 'account_id', 'sealed_hash', 'password'),
  one('authenticator_app', 'account_id', 'sealed_secret', 'totp'),
  {
    table: 'recovery_code',
    key: ['account_id', 'selector'],
    column: 'sealed_hash',
    purpose: 'recovery-code',
    context: (row) => `${row.account_id} ${row.selector}`,
  },
  one('saved_code', 'account_id', 'sealed_hash', 'saved-code'),
  one('signing_key', 'id', 'sealed_key', 'signing-key'),
  one('artifact', 'id', 'sealed_payload', 'artifact'),
  one('token_answer', 'id', 'sealed_answer', 'artifact'),
  one('recovery', 'id', 'sealed_saved_code', 'recovery'),
  {
    table: 'device_authorization',
    key: ['id'],
    column: 'sealed_user_code',
    purpose: 'user-code',
    context: (row) => row.device_code_hash,
    beside: 'device_code_hash',
  },
];

/** Bound to the key of its row. */
function one(table: string, key: string, column: string, purpose: Purpose): SealedColumn {
  return { table, key: [key], column, purpose, context: (row) => row[key] };
}
