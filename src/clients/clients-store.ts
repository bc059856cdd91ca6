import type { Database } from '../drivers/database/database.ts';

export type ClientRow = {
  id: string;
  name: string;
  secret_hash: string | null;
  /** The secret before it, which counts until `previous_secret_until`. */
  previous_secret_hash: string | null;
  previous_secret_until: number | null;
  settings: string;
  created_at: number;
};

export type ClientsStore = ReturnType<typeof createClientsStore>;

export function createClientsStore(database: Database) {
  const root = database.query.withTables<{ client: ClientRow }>();

  return {
    findClient: (id: string): Promise<ClientRow | undefined> =>
      root.selectFrom('client').selectAll().where('id', '=', id).executeTakeFirst(),

    findClients: (ids: string[]): Promise<ClientRow[]> =>
      ids.length === 0 ? Promise.resolve([]) : root.selectFrom('client').selectAll().where('id', 'in', ids).execute(),

    listClients: (): Promise<ClientRow[]> => root.selectFrom('client').selectAll().orderBy('created_at').execute(),

    async addClient(row: ClientRow): Promise<void> {
      await root.insertInto('client').values(row).execute();
    },

    /** False if it is not any more what `before` was read as. */
    async changeClient(before: ClientRow, changes: Pick<ClientRow, 'name' | 'settings'>): Promise<boolean> {
      const result = await root
        .updateTable('client')
        .set(changes)
        .where('id', '=', before.id)
        .where('name', '=', before.name)
        .where('settings', '=', before.settings)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    /** False if somebody else has changed the secret since `before` was read. */
    async changeSecret(
      before: ClientRow,
      secret: Pick<ClientRow, 'secret_hash' | 'previous_secret_hash' | 'previous_secret_until'>,
    ): Promise<boolean> {
      const result = await root
        .updateTable('client')
        .set(secret)
        .where('id', '=', before.id)
        .where('secret_hash', '=', before.secret_hash)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async deleteClient(id: string): Promise<boolean> {
      const result = await root.deleteFrom('client').where('id', '=', id).executeTakeFirst();
      return result.numDeletedRows === 1n;
    },
  };
}
