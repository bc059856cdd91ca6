import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { ConfigError } from '../config-error.ts';
import { AppError } from '../errors.ts';
import { version } from '../version.ts';
import { accountCommands } from './account-commands.ts';
import { clientCommands } from './client-commands.ts';
import { type Command, type Input, Refused, type Terminal, UsageError } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { helpFor, helpForAll } from './help.ts';
import { keyCommands } from './key-commands.ts';
import { recoveryCommands } from './recovery-commands.ts';
import { serverCommands } from './server-commands.ts';

const commands: readonly Command[] = [
  ...serverCommands,
  doctorCommand,
  ...accountCommands,
  ...recoveryCommands,
  ...clientCommands,
  ...keyCommands,
];

/** What there was once, and what to do instead. */
const gone: ReadonlyMap<string, string> = new Map([
  [
    'accounts password',
    'nobody but its owner sets the password of an account. Make sure that it is them, and hand them the code that\n' +
      '"latchkey accounts recovery-code --email ADDRESS" prints: with it they choose a new one at /recover.',
  ],
]);

/** Exit code: 0 done, 1 refused, 2 typed or set in a way that cannot be run. */
async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  if (words[0] === '--version') return say(terminal, version());
  const name = words.filter((word) => !word.startsWith('-'));
  const command = commands.find((known) => matches(known, words));
  const asksForHelp = words.includes('--help') || words.includes('-h') || words[0] === 'help';
  if (!command) {
    if (asksForHelp) return say(terminal, helpForAll(commands, name.filter((word) => word !== 'help')[0]));
    const instead = gone.get(name.slice(0, 2).join(' '));
    if (instead) {
      terminal.note(`latchkey: ${instead}`);
      return 2;
    }
    terminal.note(helpForAll(commands, name[0]));
    if (name.length > 0) terminal.note(`\nlatchkey: there is no command "${name.slice(0, 2).join(' ')}".`);
    else if (words[0]) terminal.note(`\nlatchkey: there is no option "${words[0]}" without a command.`);
    return 2;
  }
  if (asksForHelp) return say(terminal, helpFor(command));
  try {
    const done = await command.run(readInput(command, words), terminal);
    return done === false ? 1 : 0;
  } catch (error) {
    return explain(error, command, terminal);
  }
}

function say(terminal: Terminal, text: string): number {
  terminal.print(text);
  return 0;
}

const matches = (command: Command, words: readonly string[]): boolean =>
  command.name.split(' ').every((word, index) => words[index] === word);

function readInput(command: Command, words: readonly string[]): Input {
  const { values, positionals } = parseArgs({
    args: words.slice(command.name.split(' ').length),
    options: Object.fromEntries(
      Object.entries(command.options).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
    ),
    allowPositionals: command.operand !== undefined,
  });
  if (positionals.length > 1) throw new UsageError(`Only one ${command.operand} at a time.`);
  return {
    operand: positionals[0],
    flag: (name) => values[name] === true,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    list: (name) => (Array.isArray(values[name]) ? values[name].map(String) : []),
  };
}

function explain(error: unknown, command: Command, terminal: Terminal): number {
  const { message, code, stack } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS_')) {
    terminal.note(`latchkey: ${message}\n\n${helpFor(command)}`);
    return 2;
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) terminal.note(`latchkey: ${problem}`);
    // A supervisor must know that starting it again would not help.
    return 2;
  }
  const expected = error instanceof Refused || error instanceof AppError;
  terminal.note(`latchkey: ${expected ? message : (stack ?? String(error))}`);
  return 1;
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Started by the launcher on an older Node.js: when that is killed hard, so are we, and the port is free again. */
function endWithLauncher(): void {
  if (!process.channel) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

endWithLauncher();
process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  config: () => readConfig(process.env),
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  read: readAll,
});
