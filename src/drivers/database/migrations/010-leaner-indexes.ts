import { type Kysely, sql } from 'kysely';

/**
 * Each index is one more page to write for every token, at a random place. Those here held a row for everything and are
 * asked for a few: from now on they hold the few. An older process finds the same rows, some of them more slowly.
 */
export async function up(db: Kysely<Tables>): Promise<void> {
  for (const name of ['artifact_uid', 'artifact_account', 'token_answer_grant']) {
    await db.schema.dropIndex(name).execute();
  }
  for (const name of ['device_authorization_decided', 'device_authorization_grant']) {
    await db.schema.dropIndex(name).execute();
  }

  await db.schema.createIndex('artifact_by_uid').on('artifact').column('uid').where('uid', 'is not', null).execute();
  // The tokens of an account are found by way of its grants.
  await db.schema
    .createIndex('artifact_grants_of_account')
    .on('artifact')
    .column('account_id')
    .where(sql<boolean>`kind = 'Grant'`)
    .execute();
  await db.schema
    .createIndex('artifact_others_of_account')
    .on('artifact')
    .column('account_id')
    .where(sql<boolean>`grant_id is null`)
    .execute();
  await db.schema
    .createIndex('device_authorization_by_decision')
    .on('device_authorization')
    .column('decided_at')
    .where('decided_at', 'is not', null)
    .execute();
  await db.schema
    .createIndex('device_authorization_by_grant')
    .on('device_authorization')
    .column('grant_id')
    .where('grant_id', 'is not', null)
    .execute();
}

type Tables = {
  artifact: { uid: string | null; account_id: string | null; grant_id: string | null; kind: string };
  device_authorization: { decided_at: number | null; grant_id: string | null };
};
