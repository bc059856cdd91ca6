import { readFileSync } from 'node:fs';

/** The version of this program, such as `0.3.0`. */
export function version(): string {
  // From dist/src/ to the package.
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
