import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Tokens } from '@latchkey/device';

export type Kept = { clientId: string; tokens: Tokens };
type Contents = Record<string, Kept>;

export type TokenFile = ReturnType<typeof openTokenFile>;

/** One JSON file, by issuer, that only this user can read. */
export function openTokenFile(path: string) {
  return {
    path,
    find: async (issuer: string): Promise<Kept | undefined> => (await read())[issuer],
    keep: async (issuer: string, kept: Kept) => write({ ...(await read()), [issuer]: kept }),
    forget: async (issuer: string) => {
      const { [issuer]: _gone, ...rest } = await read();
      await write(rest);
    },
  };

  async function read(): Promise<Contents> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as Contents;
    } catch {
      return {};
    }
  }

  /** Written beside and moved over: a rotated refresh token must not be lost to a crash in the middle. */
  async function write(contents: Contents): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, `${JSON.stringify(contents, null, 2)}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
