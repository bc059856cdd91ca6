import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError, type Judge } from './config-error.ts';

export type DataFolder = {
  /** Creates it where it is not there yet; its absolute path. */
  create(): string;
  /** What was made on the first start, or is made now. */
  secret(): Buffer;
};

/** Tells the judge if the folder cannot be used; nothing is created until asked for. */
export function readDataFolder(text: string, { told }: Judge): DataFolder {
  const path = resolve(text);
  told(() => tryFolder(path, path), undefined);
  const secretFile = join(path, 'secret');
  const made = existsSync(secretFile)
    ? told(() => readSecret(secretFile)(readFileSync(secretFile, 'utf8').trim()), undefined)
    : undefined;
  return {
    create() {
      makeFolder(path, path);
      return path;
    },
    secret: () => made ?? makeSecret(secretFile),
  };
}

/** The folder itself, or the one above it that it would be made in. */
function tryFolder(asked: string, path: string): void {
  const cannot = (reason: string, cause?: unknown): never => {
    throw new ConfigError(`LATCHKEY_DATA names ${asked}, ${reason}.`, { cause });
  };
  try {
    if (!statSync(path).isDirectory()) cannot(`but ${path} is not a folder`);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) tryFolder(asked, dirname(path));
    else
      cannot(
        code === 'ENOTDIR' ? 'but a part of that path is not a folder' : `which cannot be written (${code})`,
        error,
      );
  }
}

/**
 * One folder after the other: at once, Node.js never comes back where the system denies that the place is there (/proc). A
 * link to nowhere and a place that takes no folders are seen only here.
 */
function makeFolder(asked: string, path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(asked, dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process has made it since.
    if (code === 'EEXIST' && existsSync(path)) return;
    throw new ConfigError(`LATCHKEY_DATA names ${asked}, but ${path} cannot be made (${code}).`, { cause: error });
  }
}

function makeSecret(path: string): Buffer {
  const secret = randomBytes(32);
  try {
    writeFileSync(path, secret.toString('base64'), { mode: 0o600, flag: 'wx' });
    return secret;
  } catch (error) {
    // Another process made it between the look and the write: its secret is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readSecret(path)(readFileSync(path, 'utf8').trim());
  }
}

/** 32 bytes or more. A sentence is no base64, though decoders take it for some. */
export const readSecret =
  (name: string) =>
  (text: string): Buffer => {
    const secret = Buffer.from(text, 'base64');
    if (secret.length < 32 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text))
      throw new ConfigError(`${name} must be 32 bytes or more in base64, such as \`openssl rand -base64 32\` prints.`);
    return secret;
  };

export function readPreviousSecrets(text: string): Buffer[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(readSecret('Each of LATCHKEY_PREVIOUS_SECRETS'));
}
