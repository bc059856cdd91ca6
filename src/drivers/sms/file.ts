import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { bareNumber } from './number.ts';
import type { Sms, TextMessage } from './sms.ts';

export type StoredText = TextMessage & {
  /** Safe as a file name; later texts have greater ids. */
  id: string;
  /** Epoch milliseconds. */
  at: number;
};

/** Texts that go nowhere, for development: each becomes `.json` in `<data>/sms/`, readable by the operator alone. */
export function openFileSms(needs: { data: string; clock: Clock }): Sms {
  const folder = folderIn(needs.data);
  let count = 0;
  return {
    async send({ to, text }) {
      const at = needs.clock.now();
      count += 1;
      // The process number keeps a command that runs beside the server from taking the same name.
      const id = `${pad(at, 15)}-${pad(count, 6)}-${process.pid}`;
      const stored: StoredText = { id, at, to: bareNumber(to), text };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${id}.json`);
      // Under another name first, so that a reader never meets half a file.
      await writeFile(`${path}.part`, JSON.stringify(stored, undefined, 2), { mode: 0o600 });
      await rename(`${path}.part`, path);
    },
    close: async () => {},
  };
}

/** What `openFileSms` has written there, in this process or another; newest first. */
export async function listTexts(data: string): Promise<StoredText[]> {
  const folder = folderIn(data);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  const ours = names.filter((name) => /^\d{15}-\d{6}-\d+\.json$/.test(name)).sort();
  return await Promise.all(
    ours.reverse().map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as StoredText),
  );
}

const folderIn = (data: string): string => join(data, 'sms');

const pad = (number: number, length: number): string => `${number}`.padStart(length, '0');
