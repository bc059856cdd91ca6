import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a program asks of the person who uses it. */
export type Person = {
  /** Goes to an address and follows it to the end; where they were sent then. */
  open(address: URL): Promise<URL>;
  enter(userCode: string): Promise<unknown>;
};

export type ClientProgram = {
  /** A file of test/clients/programs. */
  file: string;
  /** What it is configured with. */
  settings: Record<string, unknown>;
  /** A file with the certificate that it should trust. */
  certificate: string;
  person: Person;
};

type Line = { open: string } | { enter: string } | { told: Record<string, unknown> };

const root = new URL('../../../', import.meta.url);
const folder = fileURLToPath(new URL('test/clients/programs/', root));
// Made by tools/install-test-needs.mjs.
const python = fileURLToPath(new URL('node_modules/.cache/python/bin/python', root));

/**
 * Runs an app built on somebody else's library as a process of its own, as it would be in life. It asks for the person by
 * a line of JSON, gets a line back, and tells at the end what it has seen.
 */
export async function runClientProgram({ file, settings, certificate, person }: ClientProgram) {
  const command = file.endsWith('.py') ? python : process.execPath;
  const child = spawn(command, [folder + file, JSON.stringify(settings)], {
    env: {
      PATH: process.env.PATH,
      PYTHONDONTWRITEBYTECODE: '1',
      REQUESTS_CA_BUNDLE: certificate,
      NODE_EXTRA_CA_CERTS: certificate,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  let told: Record<string, unknown> | undefined;
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Line;
      if ('told' in line) told = line.told;
      else if ('open' in line) child.stdin.write(`${(await person.open(new URL(line.open))).href}\n`);
      else child.stdin.write(`${await person.enter(line.enter).then(() => 'linked')}\n`);
    }
  } finally {
    child.kill();
    await ended;
  }
  if (!told) throw new Error(`${file} ended without a word:\n${complaint}`);
  return told;
}
