// What the tests need and npm cannot bring: a browser, a Redis or Valkey server, an
// authenticator app that others wrote, fonts that draw every script.
// PostgreSQL comes from npm. Installs what is missing where it may, else says in one line what to install.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const needs = [
  { programs: ['chromium', 'chromium-browser', 'google-chrome'], packages: ['chromium', 'fonts-noto-core'] },
  { programs: ['valkey-server', 'redis-server'], packages: ['redis-server'] },
  { programs: ['oathtool'], packages: ['oathtool'] },
];

/** True when everything is there. */
export function installTestNeeds() {
  let packages = missingPackages();
  if (packages.length === 0) return true;
  if (process.getuid?.() === 0 && find(['apt-get'])) {
    console.log('Tests need programs that this machine lacks: reading the list of packages …');
    aptGet('update');
    console.log(`Installing ${packages.join(', ')} …`);
    // A package that starts a server by itself must not: the tests start their own.
    aptGet('install', '--yes', '--no-install-recommends', ...packages);
    packages = missingPackages();
    if (packages.length === 0) return true;
  }
  console.error(`To run the tests, install these packages first: ${packages.join(' ')}`);
  return false;
}

function missingPackages() {
  return needs.filter((need) => !isThere(need)).flatMap((need) => need.packages);
}

function isThere({ programs }) {
  return find(programs) || (programs.includes('chromium') && Boolean(process.env.CHROMIUM_PATH));
}

function find(programs) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return programs.some((program) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

function aptGet(...words) {
  // RUNLEVEL=1 is Debian's way to say that installed services should not start.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { status, stdout, stderr } = spawnSync('apt-get', ['-qq', ...words], { env, encoding: 'utf8' });
  if (status !== 0) console.error(`apt-get ${words[0]} failed:\n${stdout}${stderr}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !installTestNeeds()) process.exitCode = 1;
