import { posix } from 'node:path';

/** Rooms in import order: a room imports only rooms before it (design.md §2). A room may not exist yet. */
const rooms = [
  'drivers',
  'limits',
  'web',
  'clients',
  'engine',
  'devices',
  'authenticators',
  'account',
  'addresses',
  'throttle',
  'signin',
  'activity',
  'security',
  'recovery',
  'home',
  'link',
  'apps',
] as const;

/** Files of a room that others may import, beside `<room>/<room>.ts`. */
const doors: Record<string, readonly string[]> = {
  drivers: ['database', 'ephemeral', 'mail', 'sms', 'push', 'journal', 'places'].map((port) => `${port}/${port}.ts`),
  limits: ['address.ts', 'limit-table.ts', 'fair-queue.ts'],
  web: [
    'page.ts',
    'passkey-signals.tsx',
    'messages.ts',
    'components.tsx',
    'content.tsx',
    'new-password.tsx',
    'link-pages.tsx',
    'mail-layout.tsx',
    'flow.ts',
    'shown-for.ts',
    'live.ts',
  ],
  authenticators: ['hashing.ts'],
  addresses: ['texts.ts', 'telling.ts'],
  activity: ['activity-rows.tsx'],
  clients: ['client-settings.ts', 'client-metadata.ts'],
  engine: ['device-requests.ts', 'acr.ts', 'app-requests.ts', 'allowed.ts', 'form-post.ts'],
  devices: ['device-text.ts', 'device-words.tsx'],
  signin: ['proof-form.tsx', 'browser-name.ts', 'strength.ts'],
  security: ['leaving.ts'],
};

/** Put the server together, and so may import anything; nobody imports them but each other and the command line. */
const composers = [
  'src/main.ts',
  'src/app.ts',
  'src/person.ts',
  'src/routes.ts',
  'src/outside.ts',
  'src/secrets-store.ts',
  'src/presence.ts',
  'src/example-clients.ts',
  'src/presence-store.ts',
  'src/operations.ts',
];
/** Not a room: the command, which composes like the above. */
const commandFolder = 'src/cli/';

/** What may hold a word or a call that the rest may not, each with its reason. */
const exemptions: Record<'databaseWord' | 'time', readonly string[]> = {
  databaseWord: [
    'src/settings.ts', // explains the variables to operators
    'src/config-values.ts', // judges what they were set to
    'src/outside.ts', // wires
    'src/app.ts', // wires
    'src/cli/doctor.ts', // tells operators what is in use
  ],
  time: [
    'src/clock.ts',
    'src/random.ts',
    'src/main.ts', // the process itself: deadlines of a shutdown
  ],
};

/** Run in the browser, where nobody hands in a clock. */
const browserFolder = 'src/web/islands/';

const maxFileLines = 300;
/** Of logic: pages and mails (.tsx) are read one at a time, and do not make a room harder to know (decision 024). */
const maxRoomLines = 1200;
/** Rooms that may be larger, each with its reason. */
const largerRooms: Record<string, number> = {
  // Migrations stay for ever, and there is one more with every release.
  'src/drivers/database': 1800,
  // Everything that touches the OpenID engine must stand in one room, so that no other knows it.
  'src/engine': 3000,
  // Each way back is as strong as the weakest one: they are to be read together.
  'src/recovery': 2100,
  // The main job, from the code drawn to the tokens handed out, is read in one place.
  'src/link': 1900,
  // Every way to prove it is you, so that no other room sees a secret of one.
  'src/authenticators': 2500,
  // Where an owner is reached: confirming, telling, texting and taking back hang together.
  'src/addresses': 1600,
  // What every request and every page goes through is in one room, so that no other can go round it.
  'src/web': 1500,
  // What was done and every way to take it back, by its owner or by whoever reads their mail, do the same things (fault
  // A2).
  'src/activity': 1500,
  // Every way in is in one room, so that none is weaker than the others unnoticed (F1).
  'src/signin': 2300,
};

/** Path from the root of the project, such as `src/link/link.ts`, to the text of the file. */
export type Sources = ReadonlyMap<string, string>;

/** Every breach of the plan of the house, each as one line that starts with the path. Looks only at `src/`. */
export function checkArchitecture(sources: Sources): string[] {
  const code = new Map([...sources].filter(([path]) => /^src\/.*\.tsx?$/.test(path)));
  const product = new Map([...code].filter(([path]) => !isTest(path)));
  const imports = new Map([...product].map(([path, text]) => [path, importsOf(path, text)]));
  return [
    ...[...product.keys()].flatMap(checkName),
    ...[...imports].flatMap(([path, targets]) => targets.flatMap((target) => checkImport(path, target))),
    ...[...product].flatMap(([path, text]) => checkText(path, text)),
    ...[...code].flatMap(([path, text]) => checkSize(path, text)),
    ...checkRooms(sources, product),
    ...findCycles(imports),
  ].sort();
}

/** Tests, and what only tests use: conformance suites and sources that show a page with example data. */
function isTest(path: string): boolean {
  return /\.test\.tsx?$|\/conformance(-\w+)?\.ts$/.test(path);
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\/./.exec(path)?.[1];
}

function checkName(path: string): string[] {
  const found: string[] = [];
  if (/\/index\.tsx?$/.test(path)) found.push(`${path}: no index files; name the file after what it holds`);
  if (/\/(utils?|helpers?|common|shared|lib)\//.test(path)) found.push(`${path}: no folder for things without a place`);
  return found;
}

/** Every module named in an import, an export or a dynamic import, types included; relative ones as project paths. */
function importsOf(path: string, text: string): string[] {
  const pattern =
    /(?:^|[\s;}])(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  const named = [...withoutComments(text).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
  return named.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

function checkImport(path: string, target: string): string[] {
  if (target === 'oidc-provider' || target.startsWith('oidc-provider/')) {
    return roomOf(path) === 'engine' ? [] : [`${path}: only the engine imports oidc-provider`];
  }
  if (composers.includes(path) || path.startsWith(commandFolder)) return [];
  if (composers.includes(target) || target.startsWith(commandFolder))
    return [`${path}: imports the composer ${target}`];
  const [from, to] = [roomOf(path), roomOf(target)];
  if (to === undefined || from === to) return [];
  if (!target.startsWith('src/')) return [];
  if (from === undefined) return isDoor(target) ? [] : [`${path}: imports ${target}, which is no door`];
  const order = rooms as readonly string[];
  if (order.indexOf(to) > order.indexOf(from))
    return [`${path}: ${from} comes before ${to} and must not import ${target}`];
  return isDoor(target) ? [] : [`${path}: imports ${target}, which is no door`];
}

function isDoor(path: string): boolean {
  const room = roomOf(path) ?? '';
  const file = path.slice(`src/${room}/`.length);
  return file === `${room}.ts` || (doors[room] ?? []).includes(file);
}

function checkText(path: string, text: string): string[] {
  const found: string[] = [];
  const bare = withoutComments(text);
  const inDatabase = path.startsWith('src/drivers/database/') || exemptions.databaseWord.includes(path);
  if (/sqlite|postgres/i.test(bare) && !inDatabase)
    found.push(`${path}: names a database engine outside drivers/database`);
  if (!exemptions.time.includes(path) && !path.startsWith(browserFolder)) {
    const call = /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\s*\)/.exec(bare)?.[0];
    if (call) found.push(`${path}: ${call}… grabs time or randomness; have a Clock or Random handed in`);
  }
  if (/^export\s+(?:\*|(?:type\s+)?\{[^}]*\})\s*from/m.test(bare))
    found.push(`${path}: exports what another file holds`);
  if (/^export default/m.test(bare)) found.push(`${path}: has a default export`);
  return found;
}

function checkSize(path: string, text: string): string[] {
  const lines = lineCount(text);
  if (isTest(path) || lines < maxFileLines) return [];
  return [`${path}: ${lines} lines; a file has fewer than ${maxFileLines}`];
}

function checkRooms(sources: Sources, product: Sources): string[] {
  const found: string[] = [];
  const present = new Set([...product.keys()].map(roomOf).filter((room) => room !== undefined));
  for (const room of present) {
    if (!sources.has(`src/${room}/README.md`)) found.push(`src/${room}: has no README.md`);
    if (`src/${room}/` !== commandFolder && !(rooms as readonly string[]).includes(room)) {
      found.push(`src/${room}: is no room of the plan; give it a place in the order of rooms`);
    }
  }
  return [...found, ...checkRoomSizes(product)];
}

/** Each port of the drivers, and the part of the shell that runs in the browser, counts as a room of its own. */
function checkRoomSizes(product: Sources): string[] {
  const lines = new Map<string, number>();
  for (const [path, text] of product) {
    const room = /^src\/(?:drivers\/[^/]+|web\/islands|[^/]+)(?=\/)/.exec(path)?.[0];
    // A migration is never changed again: their number grows, not what one has to know.
    if (path.includes('/migrations/')) continue;
    if (room && !path.endsWith('.tsx')) lines.set(room, (lines.get(room) ?? 0) + lineCount(text));
  }
  return [...lines]
    .map(([room, count]): [string, number, number] => [room, count, largerRooms[room] ?? maxRoomLines])
    .filter(([, count, limit]) => count >= limit)
    .map(([room, count, limit]) => `${room}: ${count} lines; a room has fewer than ${limit}`);
}

/** One line per cycle among files, by the first file met. */
function findCycles(imports: ReadonlyMap<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push(`${path}: imports itself by way of ${[...trail.slice(at + 1), path].join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const target of imports.get(path) ?? []) if (imports.has(target)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

function lineCount(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

/** Good enough for code that a formatter has laid out: comment lines and comments after code, never inside strings. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
