import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Addresses of the files the build made, by the name a page knows them by. */
export type Assets = Readonly<{
  style: string;
  script: string;
  /** A script of its own, and no module: the page that it is for must go on by itself in the oldest of browsers, too. */
  press: string;
  /** A script of its own, because it is large: loaded only where a password is chosen. */
  meter: string;
  icon: string;
  fonts: readonly string[];
}>;

/** The folder that /assets serves. */
export const assetsFolder = fileURLToPath(new URL('../../assets/', import.meta.url));

export function readAssets(folder = assetsFolder): Assets {
  const manifest = `${folder}manifest.json`;
  if (!existsSync(manifest)) throw new Error('The pages have no style yet: run `npm run build` first.');
  return JSON.parse(readFileSync(manifest, 'utf8'));
}
