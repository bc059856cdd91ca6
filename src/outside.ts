import { type Clock, createFollowingClock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './drivers/database/database.ts';
import { openDatabase } from './drivers/database/open.ts';
import type { Ephemeral } from './drivers/ephemeral/ephemeral.ts';
import { createMemory } from './drivers/ephemeral/memory.ts';
import type { Journal } from './drivers/journal/journal.ts';
import { createTableJournal } from './drivers/journal/table.ts';
import { openFileMail } from './drivers/mail/file.ts';
import type { Mail } from './drivers/mail/mail.ts';
import { openSmtpMail } from './drivers/mail/smtp.ts';
import { noPlaces, type Places, placesFromHeader } from './drivers/places/places.ts';
import { openFileSms } from './drivers/sms/file.ts';
import { openHttpSms } from './drivers/sms/http.ts';
import type { Sms } from './drivers/sms/sms.ts';
import { createPresence, type Presence } from './presence.ts';
import { type Random, systemRandom } from './random.ts';
import type { Secrets } from './secrets.ts';
import { openSecrets } from './secrets-store.ts';
import type { Tracing } from './tracing.ts';

/** Everything the rooms are handed that is not a room: drivers, time, randomness, secrets. */
export type Outside = {
  config: Config;
  clock: Clock;
  random: Random;
  secrets: Secrets;
  database: Database;
  /** Who else serves from it, and what is known of them. */
  presence: Presence;
  ephemeral: Ephemeral;
  mail: Mail;
  /** Undefined where nobody can be sent a text. */
  sms: Sms | undefined;
  journal: Journal;
  places: Places;
  tracing?: Tracing;
  close(): Promise<void>;
};

/** Opens the drivers that the configuration asks for, and brings the schema up to date. */
export async function openOutside(config: Config, given: { clock?: Clock; random?: Random } = {}): Promise<Outside> {
  const random = given.random ?? systemRandom;
  const database = await openDatabase(config);
  // Times that two processes compare must come from one clock; one process alone has one.
  const shared = given.clock || !database.shared ? undefined : createFollowingClock(systemClock);
  const clock = given.clock ?? shared ?? systemClock;
  await database.migrate();
  const { patiently } = database;
  const secrets = await patiently(() => openSecrets({ database, clock, config })).catch(async (error) => {
    await database.close();
    throw error;
  });
  const presence = createPresence({ database, secrets, random, local: systemClock, shared });
  await patiently(() => presence.look());
  const ephemeral = config.valkeyUrl ? await loadValkey(config.valkeyUrl) : createMemory({ clock });
  const mail = config.smtpUrl
    ? openSmtpMail({ url: config.smtpUrl, from: config.mailFrom, issuer: config.issuer })
    : openFileMail({ data: config.data, from: config.mailFrom, clock });
  const sms = openSms(config, clock);
  return {
    config,
    clock,
    random,
    secrets,
    database,
    presence,
    ephemeral,
    mail,
    sms,
    journal: createTableJournal({ database, clock, random }),
    places: config.countryHeader ? placesFromHeader(config.countryHeader) : noPlaces,
    async close() {
      await sms?.close();
      await mail.close();
      await ephemeral.close();
      await database.close();
    },
  };
}

function openSms({ smsUrl, smsFrom = '', development, data }: Config, clock: Clock): Sms | undefined {
  if (smsUrl) return openHttpSms({ url: smsUrl, from: smsFrom });
  return development ? openFileSms({ data, clock }) : undefined;
}

/** Its library is loaded where it is used: one process alone should start at once. */
async function loadValkey(url: string): Promise<Ephemeral> {
  const { openValkey } = await import('./drivers/ephemeral/valkey.ts');
  return openValkey(url);
}
