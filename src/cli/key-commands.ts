import { createSigningKeys, type SigningKey } from '../engine/signing-keys.ts';
import { rewrapLookupKey } from '../secrets-store.ts';
import { type Command, dateOf, json, Refused, table } from './command.ts';
import { withData } from './data.ts';
import { type Rewrapped, rewrapColumn } from './rewrap-store.ts';
import { sealedColumns } from './sealed-columns.ts';

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

const rewrap: Command = {
  name: 'keys rewrap',
  summary: 'Seal with LATCHKEY_SECRET what is sealed with one of LATCHKEY_PREVIOUS_SECRETS. Nobody is signed out.',
  options: { json },
  async run(input, terminal) {
    const results = await withData(terminal, async (outside) => {
      const { database, secrets, config, journal, presence } = outside;
      // What is sealed anew must open everywhere, and whatever is sealed meanwhile must be, too.
      const behind = presence.others.filter(({ opens, seals }) => !sealsToday(secrets.keyName, opens, seals)).length;
      if (behind > 0)
        throw new Refused(
          `${behind} of ${presence.others.length} running processes do not seal with LATCHKEY_SECRET yet. Once each of them ` +
            'has it, they begin within seconds.',
        );
      const lookup = await rewrapLookupKey({ database, config });
      const all: Rewrapped[] = [{ table: 'lookup_key', rewrapped: lookup ? 1 : 0, unopened: 0 }];
      for (const column of sealedColumns) all.push(await rewrapColumn(database, secrets, column));
      const rewrapped = all.reduce((sum, one) => sum + one.rewrapped, 0);
      if (rewrapped > 0) await journal.append({ type: 'keys_rotated', data: { rewrapped } });
      return all;
    });
    const whole = results.every(({ unopened }) => unopened === 0);
    if (input.flag('json')) terminal.print(JSON.stringify(results));
    else {
      for (const line of table(results.map((one) => [one.table, String(one.rewrapped), unopenedWords(one)])))
        terminal.print(line);
      if (whole) terminal.print('All is sealed with LATCHKEY_SECRET. LATCHKEY_PREVIOUS_SECRETS can go.');
    }
    return whole;
  },
};

const sealsToday = (today: string, opens: string, seals: string): boolean =>
  seals === today && opens.split(' ').includes(today);

const unopenedWords = ({ unopened }: Rewrapped): string =>
  unopened > 0 ? `${unopened} open with none of the secrets given` : '';

const shown = (key: SigningKey) => ({
  kid: key.id,
  alg: key.alg,
  created_at: new Date(key.createdAt).toISOString(),
  retired_at: key.retiredAt === undefined ? null : new Date(key.retiredAt).toISOString(),
});

export const keyCommands: readonly Command[] = [rotate, list, rewrap];
