import { openDatabase } from '../drivers/database/open.ts';
import { type Command, json } from './command.ts';

const serve: Command = {
  name: 'serve',
  summary: 'Run the server until it is told to stop.',
  options: {},
  async run(_input, terminal) {
    const config = terminal.config();
    // Loaded only here: no other command needs the web half of the program.
    const { serve: start } = await import('../main.ts');
    await start(config);
    return true;
  },
};

const migrate: Command = {
  name: 'migrate',
  summary: 'Bring the database up to date. The server does so by itself when it starts.',
  options: { json },
  async run(input, terminal) {
    const database = await openDatabase(terminal.config());
    try {
      const applied = await database.migrate();
      const newer = await database.newerMigrations();
      if (input.flag('json')) terminal.print(JSON.stringify({ applied, newer }));
      else {
        for (const line of applied.length > 0 ? applied : ['Nothing to do.']) terminal.print(line);
        if (newer.length > 0) terminal.print(`A newer version has already applied: ${newer.join(', ')}`);
      }
    } finally {
      await database.close();
    }
    return true;
  },
};

export const serverCommands: readonly Command[] = [serve, migrate];
