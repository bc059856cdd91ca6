// What the tests need and npm cannot bring: a browser, a Redis or Valkey server, an
// authenticator app that others wrote, fonts that draw every script, Python with libraries that speak OAuth.
// PostgreSQL comes from npm. Installs what is missing where it may, else says in one line what to install.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const needs = [
  { programs: ['chromium', 'chromium-browser', 'google-chrome'], packages: ['chromium', 'fonts-noto-core'] },
  { programs: ['valkey-server', 'redis-server'], packages: ['redis-server'] },
  { programs: ['oathtool'], packages: ['oathtool'] },
  { programs: ['python3'], packages: ['python3', 'python3-venv'], works: pythonWorks },
];

/** Libraries for test/clients/programs, and where they are installed: npm empties that folder with the rest of its own. */
const requirements = fileURLToPath(new URL('../test/clients/programs/requirements.txt', import.meta.url));
const pythonFolder = fileURLToPath(new URL('../node_modules/.cache/python', import.meta.url));

/** True when everything is there. */
export function installTestNeeds() {
  return installPrograms() && installPythonLibraries();
}

function installPrograms() {
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

function isThere({ programs, works = () => true }) {
  return (find(programs) && works()) || (programs.includes('chromium') && Boolean(process.env.CHROMIUM_PATH));
}

/** New enough for what requirements.txt names, and with what Debian keeps in a package of its own. */
function pythonWorks() {
  const words = ['-c', 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'];
  return spawnSync('python3', words, { stdio: 'ignore' }).status === 0;
}

/** Once for each content of requirements.txt: its copy is the last thing to come into the folder. */
function installPythonLibraries() {
  const done = join(pythonFolder, 'installed.txt');
  if (readIfThere(done) === readFileSync(requirements, 'utf8')) return true;
  console.log('Installing the Python libraries that the tests sign in with …');
  rmSync(pythonFolder, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes'];
  const steps = [
    ['python3', ['-m', 'venv', pythonFolder]],
    [join(pythonFolder, 'bin', 'python'), [...pip, '--disable-pip-version-check', '--requirement', requirements]],
  ];
  for (const [command, words] of steps) {
    const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
    if (status === 0) continue;
    console.error(`The Python libraries of ${requirements} could not be installed:\n${error ?? stdout + stderr}`);
    return false;
  }
  copyFileSync(requirements, done);
  return true;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
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
