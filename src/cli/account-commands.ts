import { type Account, type Accounts, createAccounts } from '../account/account.ts';
import { type Authenticators, createAuthenticators, wordsOf } from '../authenticators/authenticators.ts';
import { normaliseEmail } from '../email.ts';
import { createEngineStore } from '../engine/engine-store.ts';
import type { AccountId } from '../ids.ts';
import type { Outside } from '../outside.ts';
import { locales } from '../web/messages.ts';
import {
  type Command,
  dateOf,
  type Input,
  json,
  Refused,
  required,
  requiredOperand,
  type Terminal,
  table,
  UsageError,
} from './command.ts';
import { withData } from './data.ts';

/** Below this even an operator's choice is refused; between it and the rules of the page there is a warning. */
const shortestByOperator = 8;

const create: Command = {
  name: 'accounts create',
  summary: 'Make an account. Its address counts as confirmed; its owner chooses a password with a recovery code.',
  options: {
    email: { type: 'string', value: 'ADDRESS', meaning: 'The e-mail address to sign in with' },
    // F6: whoever makes an account for somebody else learns no password of theirs.
    'password-stdin': {
      type: 'boolean',
      meaning: 'Read its first password from standard input; for your own account, and for trying out',
    },
    locale: { type: 'string', value: locales.join('|'), meaning: 'Language of mails to this account' },
    json,
  },
  async run(input, terminal) {
    const email = normaliseEmail(required(input, 'email'));
    if (!email) throw new UsageError(`"${input.text('email')}" is not an e-mail address.`);
    const locale = locales.find((known) => known === input.text('locale'));
    if (input.text('locale') && !locale) throw new UsageError(`--locale must be one of ${locales.join(', ')}.`);
    const password = input.flag('password-stdin') ? (await terminal.read()).replace(/\r?\n$/, '') : undefined;

    await withData(terminal, async (outside) => {
      const account = await createAccount(outside, terminal, { email, locale, password });
      terminal.print(input.flag('json') ? JSON.stringify(shown(account)) : `Made account ${account.id} for ${email}.`);
      if (password === undefined)
        terminal.note(`It has no password yet: make a code with "latchkey accounts recovery-code --email ${email}".`);
    });
    return true;
  },
};

type NewAccount = { email: string; locale: Account['locale']; password: string | undefined };

async function createAccount(outside: Outside, terminal: Terminal, { email, locale, password }: NewAccount) {
  const { database, config } = outside;
  const accounts = createAccounts(outside);
  const userIdOf = (id: AccountId) => accounts.passkeyUserId(id);
  const authenticators = createAuthenticators({ ...outside, config, userIdOf });
  const taken = new Refused(`There is already an account for ${email}.`);
  if (await accounts.findByEmail(email)) throw taken;

  if (password !== undefined) checkByOperator(authenticators, terminal, email, password);
  const hashed = password === undefined ? undefined : await authenticators.hashPassword(password);
  try {
    return await database.transaction(async (transaction) => {
      const account = await accounts.create({ email, locale }, transaction);
      if (hashed) await authenticators.savePassword(account.id, hashed, transaction);
      return account;
    });
  } catch (error) {
    throw database.isDuplicate(error) ? taken : error;
  }
}

function checkByOperator(authenticators: Authenticators, terminal: Terminal, email: string, chosen: string): void {
  if ([...chosen].length < shortestByOperator)
    throw new Refused(`The password must have ${shortestByOperator} characters or more.`);
  const problem = authenticators.checkPassword(chosen, wordsOf(email));
  if (problem) terminal.note('latchkey: this password would not be accepted on the page; have it changed soon.');
}

const list: Command = {
  name: 'accounts list',
  summary: 'List the accounts.',
  options: { json },
  async run(input, terminal) {
    const all = await withData(terminal, (outside) => createAccounts(outside).list());
    if (input.flag('json')) terminal.print(JSON.stringify(all.map(shown)));
    else
      for (const line of table(all.map(({ id, email, createdAt }) => [id, dateOf(createdAt), email])))
        terminal.print(line);
    return true;
  },
};

const remove: Command = {
  name: 'accounts remove',
  summary: 'Remove an account with everything that hangs on it; its devices and apps are signed out at once.',
  operand: 'ID|ADDRESS',
  options: { json },
  async run(input, terminal) {
    const wanted = requiredOperand(input, remove);
    const account = await withData(terminal, async (outside) => {
      const accounts = createAccounts(outside);
      const found = await findAccount(accounts, wanted);
      if (!found) throw new Refused(`There is no account ${wanted}.`);
      const engine = createEngineStore(outside.database);
      // Before and after: a token issued in between belongs to an account that is gone, and goes as well.
      await engine.deleteArtifactsOfAccount(found.id);
      await accounts.remove(found.id);
      await engine.deleteArtifactsOfAccount(found.id);
      return found;
    });
    print(input, terminal, { id: account.id, removed: true }, `Removed account ${account.id} (${account.email}).`);
    return true;
  },
};

/** Ids hold no `@`, and addresses always do. */
const findAccount = (accounts: Accounts, wanted: string): Promise<Account | undefined> =>
  wanted.includes('@') ? accounts.findByEmail(wanted) : accounts.find(wanted as AccountId);

function print(input: Input, terminal: Terminal, object: object, sentence: string): void {
  terminal.print(input.flag('json') ? JSON.stringify(object) : sentence);
}

const shown = ({ id, email, locale, createdAt }: Account) => ({
  id,
  email,
  locale: locale ?? null,
  created_at: new Date(createdAt).toISOString(),
});

export const accountCommands: readonly Command[] = [create, list, remove];
