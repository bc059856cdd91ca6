import type { Clients } from './clients/clients.ts';
import type { ClientId } from './ids.ts';

/** So that the examples link on a fresh machine, without a command before. */
export async function registerExampleClients(clients: Clients): Promise<void> {
  const examples = [
    ['example-tv', 'Example TV'],
    ['example-terminal', 'Example terminal'],
  ] as const;
  for (const [id, name] of examples) {
    if (await clients.find(id)) continue;
    // Two processes may start at once; the one that comes second finds it made.
    await clients
      .create({ id: id as ClientId, name, public: true, grants: ['device_code', 'refresh_token'] })
      .catch(async (error: unknown) => {
        if (!(await clients.find(id))) throw error;
      });
  }
}
