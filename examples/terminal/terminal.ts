import { homedir, hostname, platform } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  discover,
  type IssuerOptions,
  type Link,
  LinkError,
  linkDevice,
  refreshTokens,
  revoke,
  type Tokens,
  userInfo,
} from '@latchkey/device';
import { drawPlate, drawQr, plain } from './code-plate.ts';
import { openTokenFile, type TokenFile } from './token-file.ts';

/** What the program takes from the machine; tests hand in their own. */
export type World = Pick<IssuerOptions, 'fetch' | 'time' | 'random'> & {
  print(text: string): void;
  complain(text: string): void;
  /** Whether a person looks at it: colours, and a QR code that fits. */
  screen: { columns: number } | undefined;
  tokenPath: string;
  /** Fires on Ctrl+C. */
  signal: AbortSignal;
};

type Run = { world: World; at: IssuerOptions & { clientId: string }; issuer: string; file: TokenFile };

export const exitCodes = { done: 0, failed: 1, declined: 2, expired: 3, network: 4, cancelled: 130 } as const;

const help = `Usage: npm run example:terminal -- [whoami | logout] [--issuer URL] [--client-id ID]

Without a command, signs this terminal in with a short code.
Exit codes: 0 done, 1 failed, 2 turned down, 3 the code ran out, 4 no network, 130 cancelled.`;

export async function runTerminal(args: string[], world: World): Promise<number> {
  const options = {
    issuer: { type: 'string', default: 'http://localhost:3000' },
    'client-id': { type: 'string', default: 'example-terminal' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const command = commands[positionals[0] ?? 'login'];
    if (values.help || !command || positionals.length > 1) return explain(world, values.help === true);
    const issuer = values.issuer.replace(/\/+$/, '');
    const { fetch, time, random, signal } = world;
    const here = { issuer, clientId: values['client-id'], fetch, time, random, signal };
    const at = { ...here, metadata: await discover(here) };
    return await command({ world, at, issuer, file: openTokenFile(world.tokenPath) });
  } catch (error) {
    return report(error, world);
  }
}

const commands: Record<string, ((run: Run) => Promise<number>) | undefined> = { login, whoami, logout };

async function login(run: Run): Promise<number> {
  const { world, at, issuer, file } = run;
  const already = await whoIsIt(run);
  if (already) {
    world.print(`Already signed in as ${already}. To change that, run the command with logout first.`);
    return exitCodes.done;
  }
  const link = await linkDevice({
    ...at,
    scope: 'openid profile email offline_access',
    deviceName: `Terminal on ${hostname()}`,
    deviceModel: platform(),
    deviceType: 'terminal',
  });
  await showCode(link, world);
  let wasOffline = false;
  for await (const { state } of link.states()) {
    if (state === 'offline') world.print('No connection. Still trying…');
    else if (wasOffline && state === 'waiting') world.print('Connected again.');
    wasOffline = state === 'offline';
  }
  const tokens = await link.tokens();
  // Stored before anything else: the link exists from now on, and only these tokens can end it from here.
  await file.keep(issuer, { clientId: at.clientId, tokens });
  world.print(`Signed in as ${(await whoIsIt(run)) ?? 'somebody who has already unlinked this terminal'}.`);
  world.print('Not you? Run the command with logout.');
  return exitCodes.done;
}

async function showCode(link: Link, world: World): Promise<void> {
  world.print(`To sign in, open ${plain(link.verificationUri)} on any device and enter\n`);
  world.print(`${drawPlate(plain(link.userCode))}\n`);
  const qr = await drawQr(link.qrText, world.screen !== undefined);
  if ((world.screen?.columns ?? 80) >= 50) world.print(`or scan this and compare the code:\n\n${qr}\n`);
  const minutes = Math.round(link.secondsLeft() / 60);
  world.print(`It works for ${minutes > 1 ? `${minutes} minutes` : 'one minute'}. Waiting… (Ctrl+C to cancel)`);
}

async function whoami(run: Run): Promise<number> {
  const person = await whoIsIt(run);
  run.world.print(person ? `Signed in as ${person}.` : 'Not signed in.');
  return person ? exitCodes.done : exitCodes.failed;
}

async function logout({ world, at, issuer, file }: Run): Promise<number> {
  const kept = await file.find(issuer);
  if (!kept) {
    world.print('Not signed in.');
    return exitCodes.done;
  }
  // First there, then here: a token forgotten but alive would be worse than one still listed.
  await revoke({ ...at, clientId: kept.clientId, token: kept.tokens.refreshToken ?? kept.tokens.accessToken });
  await file.forget(issuer);
  world.print('Signed out.');
  return exitCodes.done;
}

/** The address of the account, or undefined when nobody is signed in (any more). */
async function whoIsIt(run: Run): Promise<string | undefined> {
  const { at, issuer, file } = run;
  const kept = await file.find(issuer);
  if (!kept) return undefined;
  try {
    const tokens = isStale(kept.tokens, run) ? await renew(run, kept.clientId, kept.tokens) : kept.tokens;
    const person = await userInfo({ ...at, accessToken: tokens.accessToken });
    return plain(person.email ?? person.name ?? person.sub);
  } catch (error) {
    if (!(error instanceof LinkError) || error.code !== 'signed_out') throw error;
    await file.forget(issuer);
    run.world.print('This terminal was unlinked.');
    return undefined;
  }
}

function isStale({ expiresAt }: Tokens, { world }: Run): boolean {
  return expiresAt !== undefined && expiresAt < (world.time?.date() ?? Date.now()) + 10_000;
}

async function renew({ at, issuer, file }: Run, clientId: string, { refreshToken }: Tokens): Promise<Tokens> {
  if (!refreshToken) throw new LinkError('signed_out', 'There is no refresh token.');
  const tokens = await refreshTokens({ ...at, clientId, refreshToken });
  await file.keep(issuer, { clientId, tokens });
  return tokens;
}

function explain(world: World, asked: boolean): number {
  (asked ? world.print : world.complain)(help);
  return asked ? exitCodes.done : exitCodes.failed;
}

function report(error: unknown, world: World): number {
  if (!(error instanceof LinkError)) {
    world.complain(error instanceof Error ? plain(error.message) : 'Something went wrong.');
    return exitCodes.failed;
  }
  const [words, code] = endings[error.code] ?? [plain(error.description ?? error.message), exitCodes.failed];
  world.complain(words);
  return code;
}

const endings: Partial<Record<LinkError['code'], [string, number]>> = {
  declined: ['The request was turned down. Nothing was linked.', exitCodes.declined],
  expired: ['The code ran out. Run the command again for a new one.', exitCodes.expired],
  network: [
    'No connection. Check the network and the address of the issuer, then run the command again.',
    exitCodes.network,
  ],
  aborted: ['Cancelled. Nothing was linked.', exitCodes.cancelled],
};

if (import.meta.main) {
  const control = new AbortController();
  process.once('SIGINT', () => control.abort());
  const config = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  process.exitCode = await runTerminal(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    screen: process.stdout.isTTY ? { columns: process.stdout.columns } : undefined,
    tokenPath: join(config, 'latchkey-example', 'tokens.json'),
    signal: control.signal,
  });
}
