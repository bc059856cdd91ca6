import type { Database } from '../drivers/database/database.ts';

export type ClientRow = {
  id: string;
  name: string;
  secret_hash: string | null;
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

    async deleteClient(id: string): Promise<boolean> {
      const result = await root.deleteFrom('client').where('id', '=', id).executeTakeFirst();
      return result.numDeletedRows === 1n;
    },
  };
}
