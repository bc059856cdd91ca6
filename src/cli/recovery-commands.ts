import { createClients } from '../clients/clients.ts';
import { hours } from '../clock.ts';
import { createDevices } from '../devices/devices.ts';
import { createClientCheck } from '../engine/client-check.ts';
import { createEngineStore } from '../engine/engine-store.ts';
import { createLimits } from '../limits/limits.ts';
import type { Outside } from '../outside.ts';
import { createPerson } from '../person.ts';
import { createLive } from '../web/live.ts';
import { loadMessages } from '../web/messages.ts';
import { type Command, json, Refused, required, type Terminal, UsageError } from './command.ts';
import { withData } from './data.ts';

/** E15: what is handed over by a person may take a while to reach the owner, and no longer. */
const longest = 72;

const recoveryCode: Command = {
  name: 'accounts recovery-code',
  summary: 'Make a code with which the owner can get back in, once you have made sure that it is the owner.',
  options: {
    email: { type: 'string', value: 'ADDRESS', meaning: 'The e-mail address of the account' },
    hours: { type: 'string', value: 'N', meaning: `How long the code is good: 1 to ${longest}, 24 if not given` },
    json,
  },
  async run(input, terminal) {
    const email = required(input, 'email');
    const good = Number(input.text('hours') ?? 24);
    if (!(Number.isInteger(good) && good >= 1 && good <= longest))
      throw new UsageError(`--hours must be a whole number from 1 to ${longest}.`);
    const made = await withData(terminal, async (outside) => {
      const person = openPerson(outside, terminal);
      const account = await person.accounts.findByEmail(email);
      if (!account) throw new Refused(`There is no account ${email}.`);
      const until = outside.clock.now() + hours(good);
      const code = await person.recovery.issueByOperator(account.id, hours(good));
      // F6, E19: the owner hears of it at every address, so that a code made behind their back is not.
      await person.tellOfOperatorCode(account.id, until);
      return { id: account.id, code, good_until: new Date(until).toISOString() };
    });
    if (input.flag('json')) terminal.print(JSON.stringify(made));
    else {
      terminal.print(made.code);
      terminal.note(`Good once, until ${made.good_until}, at /recover. Every address of the account has been told.`);
    }
    return true;
  },
};

/** The rooms about a person, without a server around them. */
function openPerson(outside: Outside, terminal: Terminal) {
  const { database, ephemeral, clock, config } = outside;
  const engine = createEngineStore(database);
  const clients = createClients({ ...outside, accepted: createClientCheck() });
  const devices = createDevices({
    ...outside,
    revokeGrant: (grantId, transaction) => engine.deleteArtifactsOfGrant(grantId, transaction),
    clientNames: (ids) => clients.names(ids),
  });
  return createPerson({
    ...{ ...outside, config, devices, clientNames: (ids) => clients.names(ids) },
    revokeAccount: (id) => engine.deleteArtifactsOfAccount(id),
    revokeApps: (id, trx) => engine.deleteArtifactsOfApps(id, trx),
    messages: loadMessages({ strict: config.development }),
    limits: createLimits({ ephemeral, clock }),
    live: createLive({ ephemeral }),
    failed: (error, what) => terminal.note(`latchkey: ${what}: ${error}`),
  });
}

export const recoveryCommands: readonly Command[] = [recoveryCode];
