import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Clock } from '../../clock.ts';
import { compose } from './compose.ts';
import type { Mail, Message } from './mail.ts';

export type StoredMail = Message & {
  /** Safe as a file name and in a URL; later mails have greater ids. */
  id: string;
  /** Epoch milliseconds. */
  at: number;
  from: string;
};

export type MailFolder = {
  /** Newest first. */
  list(): Promise<StoredMail[]>;
  read(id: string): Promise<StoredMail | undefined>;
};

const idPattern = /^\d{15}-\d{6}-\d+$/;

/**
 * Mail that goes nowhere, for development: each becomes `.json`, `.html` and `.eml` in `<data>/mail/`,
 * readable by the operator alone.
 */
export function openFileMail(needs: { data: string; from: string; clock: Clock }): Mail {
  const folder = folderIn(needs.data);
  const composer = createTransport({ streamTransport: true, buffer: true });
  let count = 0;

  const nextId = (at: number): string => {
    count += 1;
    // The process number keeps a command that runs beside the server from taking the same name.
    return `${pad(at, 15)}-${pad(count, 6)}-${process.pid}`;
  };

  return {
    async send(message) {
      const { message: source } = await composer.sendMail(compose(message, needs.from));
      const at = needs.clock.now();
      const stored: StoredMail = { id: nextId(at), at, from: needs.from, ...message };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(join(folder, `${stored.id}.eml`), source as Buffer);
      await writeWhole(join(folder, `${stored.id}.html`), message.html);
      // Last, because the listing goes by it.
      await writeWhole(join(folder, `${stored.id}.json`), JSON.stringify(stored, undefined, 2));
    },
    close: async () => composer.close(),
  };
}

/** What `openFileMail` has written there, in this process or another. */
export function openMailFolder(needs: { data: string }): MailFolder {
  const folder = folderIn(needs.data);
  const read = async (id: string): Promise<StoredMail | undefined> => {
    // The id comes from a URL: nothing but a name of ours may become part of a path.
    if (!idPattern.test(id)) return undefined;
    const text = await readFile(join(folder, `${id}.json`), 'utf8').catch(unlessMissing);
    return text === undefined ? undefined : JSON.parse(text);
  };
  return {
    read,
    async list() {
      const names = (await readdir(folder).catch(unlessMissing)) ?? [];
      const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
      const mails = await Promise.all(ids.sort().reverse().map(read));
      return mails.filter((mail) => mail !== undefined);
    },
  };
}

const folderIn = (data: string): string => join(data, 'mail');

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Under another name first, so that a reader never meets half a file. */
async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  await writeFile(`${path}.part`, content, { mode: 0o600 });
  await rename(`${path}.part`, path);
}

const pad = (number: number, length: number): string => `${number}`.padStart(length, '0');
