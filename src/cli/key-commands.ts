import { createSigningKeys, type SigningKey } from '../engine/signing-keys.ts';
import { type Command, dateOf, json, table } from './command.ts';
import { withData } from './data.ts';

const rotate: Command = {
  name: 'keys rotate',
  summary: 'Sign with fresh keys from now on. Running servers take them up within a minute.',
  options: { json },
  async run(input, terminal) {
    const fresh = await withData(terminal, async (outside) => {
      const keys = await createSigningKeys(outside).rotate();
      await outside.journal.append({ type: 'keys_rotated', data: { keys: keys.map(({ id }) => id).join(' ') } });
      return keys;
    });
    if (input.flag('json')) terminal.print(JSON.stringify(fresh.map(shown)));
    else for (const key of fresh) terminal.print(`Made key ${key.id} (${key.alg}).`);
    return true;
  },
};

const list: Command = {
  name: 'keys list',
  summary: 'List the signing keys, newest first.',
  options: { json },
  async run(input, terminal) {
    const keys = await withData(terminal, async (outside) => createSigningKeys(outside).list());
    if (input.flag('json')) terminal.print(JSON.stringify(keys.map(shown)));
    else {
      const rows = keys.map((key) => [
        key.id,
        key.alg,
        dateOf(key.createdAt),
        key.retiredAt ? 'verifies only' : 'signs',
      ]);
      for (const line of table(rows)) terminal.print(line);
    }
    return true;
  },
};

const shown = (key: SigningKey) => ({
  kid: key.id,
  alg: key.alg,
  created_at: new Date(key.createdAt).toISOString(),
  retired_at: key.retiredAt === undefined ? null : new Date(key.retiredAt).toISOString(),
});

export const keyCommands: readonly Command[] = [rotate, list];
