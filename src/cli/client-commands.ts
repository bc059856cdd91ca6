import { type Client, type Clients, createClients } from '../clients/clients.ts';
import { hours } from '../clock.ts';
import { createClientCheck } from '../engine/client-check.ts';
import type { Outside } from '../outside.ts';
import {
  type Command,
  dateOf,
  type Input,
  json,
  Refused,
  required,
  requiredOperand,
  table,
  UsageError,
} from './command.ts';
import { withData } from './data.ts';

/** What may be decided about an app, at first and later. */
const settingOptions: Command['options'] = {
  grant: {
    type: 'string',
    multiple: true,
    value: 'GRANT',
    meaning: 'device_code, authorization_code, refresh_token or client_credentials',
  },
  'no-refresh': { type: 'boolean', meaning: 'Do not add refresh_token to device_code' },
  'redirect-uri': { type: 'string', multiple: true, value: 'URI', meaning: 'Where authorization_code may return to' },
  'post-logout-redirect-uri': {
    type: 'string',
    multiple: true,
    value: 'URI',
    meaning: 'Where people may be sent after signing out',
  },
  scope: { type: 'string', value: '"S S…"', meaning: 'The most it may ask for, and what it gets if it names nothing' },
  'web-origin': {
    type: 'string',
    multiple: true,
    value: 'ORIGIN',
    meaning: 'Web page that may ask for tokens by script',
  },
  resource: { type: 'string', multiple: true, value: 'URI', meaning: 'API for which it may get JWT access tokens' },
  service: {
    type: 'string',
    multiple: true,
    value: 'ID',
    meaning: 'Client, with a secret, that its tokens are meant for and that may introspect them',
  },
  'device-days': { type: 'string', value: 'DAYS', meaning: 'How long a device stays linked at most, 1 to 365' },
  'dpop-required': { type: 'boolean', meaning: 'Bind every token to a key of the app' },
  pkce: { type: 'string', value: 'WHEN', meaning: 'required (default), or optional: with a secret and nonce only' },
  'id-token-alg': { type: 'string', value: 'ALG', meaning: 'What signs its ID tokens: ES256 (default) or RS256' },
};

/** Undefined where nothing was named; an empty value empties a list. */
function settingsIn(input: Input) {
  const list = (name: string): string[] | undefined => {
    const values = input.list(name);
    return values.length === 0 ? undefined : values.filter((value) => value !== '');
  };
  const days = input.text('device-days');
  if (days !== undefined && !/^\d+$/.test(days)) throw new UsageError('--device-days must be a whole number.');
  const pkce = input.text('pkce');
  if (pkce !== undefined && pkce !== 'required' && pkce !== 'optional')
    throw new UsageError('--pkce must be required or optional.');
  return {
    redirectUris: list('redirect-uri'),
    postLogoutRedirectUris: list('post-logout-redirect-uri'),
    scope: input.text('scope'),
    webOrigins: list('web-origin'),
    resources: list('resource'),
    services: list('service'),
    deviceDays: days === undefined ? undefined : Number(days),
    dpopRequired: input.flag('dpop-required') ? true : undefined,
    pkceOptional: pkce === undefined ? undefined : pkce === 'optional',
    idTokenAlg: input.text('id-token-alg'),
  };
}

const openClients = (outside: Outside): Clients => createClients({ ...outside, accepted: createClientCheck() });

const create: Command = {
  name: 'clients create',
  summary: 'Register an app. A secret is printed once and never again.',
  options: {
    name: { type: 'string', value: 'NAME', meaning: 'What people see when the app asks for something' },
    public: { type: 'boolean', meaning: 'Without a secret: an app that runs on devices of people' },
    ...settingOptions,
    id: { type: 'string', value: 'ID', meaning: 'A fixed client id instead of a random one' },
    json,
  },
  async run(input, terminal) {
    const settings = settingsIn(input);
    const grants = grantsOf(input);
    if (grants.length === 0) throw new UsageError('--grant is missing.');
    const name = required(input, 'name');
    const made = await withData(terminal, (outside) =>
      openClients(outside).create({ ...settings, id: input.text('id'), name, public: input.flag('public'), grants }),
    );
    const secret = made.secret === undefined ? {} : { client_secret: made.secret };
    if (input.flag('json')) terminal.print(JSON.stringify({ ...shown(made.client), ...secret }));
    else {
      terminal.print(`Made client ${made.client.id} (${made.client.name}).`);
      if (made.secret) terminal.print(`Its secret, shown this once: ${made.secret}`);
    }
    return true;
  },
};

const change: Command = {
  name: 'clients change',
  summary: 'Change what is named of an app, and nothing else. A list is replaced; an empty value empties it.',
  operand: 'ID',
  options: {
    name: { type: 'string', value: 'NAME', meaning: 'What people see when the app asks for something' },
    ...settingOptions,
    'no-dpop-required': { type: 'boolean', meaning: 'Tokens need no key any more' },
    json,
  },
  async run(input, terminal) {
    const id = requiredOperand(input, change);
    if (input.flag('dpop-required') && input.flag('no-dpop-required'))
      throw new UsageError('--dpop-required and --no-dpop-required are opposites.');
    const grants = grantsOf(input);
    const changes = {
      ...settingsIn(input),
      name: input.text('name'),
      ...(grants.length > 0 ? { grants } : {}),
      ...(input.flag('no-dpop-required') ? { dpopRequired: false } : {}),
    };
    if (Object.values(changes).every((value) => value === undefined))
      throw new UsageError('Nothing to change is named.');
    const done = await withData(terminal, (outside) => openClients(outside).change(id, changes));
    if (!done) throw new Refused(`There is no client ${id}.`);
    if (input.flag('json')) terminal.print(JSON.stringify({ ...shown(done.client), ends: done.ends }));
    else {
      terminal.print(`Changed client ${id} (${done.client.name}). Servers know within five seconds.`);
      for (const line of done.ends) terminal.print(line);
    }
    return true;
  },
};

const rotateSecret: Command = {
  name: 'clients rotate-secret',
  summary: 'Give an app a new secret, printed once. The old one ends at once, or after the hours you name.',
  operand: 'ID',
  options: {
    'overlap-hours': { type: 'string', value: 'HOURS', meaning: 'How long the old secret still counts, 0 to 168' },
    json,
  },
  async run(input, terminal) {
    const id = requiredOperand(input, rotateSecret);
    const overlap = input.text('overlap-hours') ?? '0';
    if (!/^\d{1,3}$/.test(overlap) || Number(overlap) > 168)
      throw new UsageError('--overlap-hours must be a whole number from 0 to 168.');
    const done = await withData(terminal, (outside) => openClients(outside).rotateSecret(id, hours(Number(overlap))));
    if (!done) throw new Refused(`There is no client ${id}.`);
    const until = new Date(done.until).toISOString();
    if (input.flag('json')) {
      terminal.print(JSON.stringify({ client_id: id, client_secret: done.secret, previous_secret_until: until }));
    } else {
      terminal.print(`Its new secret, shown this once: ${done.secret}`);
      terminal.print(overlap === '0' ? 'The old one ends within five seconds.' : `The old one counts until ${until}.`);
    }
    return true;
  },
};

/** A device that could not refresh would have to be linked again within minutes. */
function grantsOf(input: Input): string[] {
  const grants = input.list('grant');
  const forDevices = grants.some((grant) => grant === 'device_code' || grant.endsWith(':device_code'));
  return forDevices && !input.flag('no-refresh') ? [...grants, 'refresh_token'] : grants;
}

const list: Command = {
  name: 'clients list',
  summary: 'List the registered apps.',
  options: { json },
  async run(input, terminal) {
    const all = await withData(terminal, (outside) => openClients(outside).list());
    if (input.flag('json')) terminal.print(JSON.stringify(all.map(shown)));
    else {
      const rows = all.map((client) => [
        client.id,
        dateOf(client.createdAt),
        client.name,
        client.grants.map(short).join(' '),
      ]);
      for (const line of table(rows)) terminal.print(line);
    }
    return true;
  },
};

const remove: Command = {
  name: 'clients remove',
  summary: 'Remove an app. Its tokens stop working at once.',
  operand: 'ID',
  options: { json },
  async run(input, terminal) {
    const id = requiredOperand(input, remove);
    const removed = await withData(terminal, (outside) => openClients(outside).remove(id));
    if (!removed) throw new Refused(`There is no client ${id}.`);
    terminal.print(input.flag('json') ? JSON.stringify({ client_id: id, removed: true }) : `Removed client ${id}.`);
    return true;
  },
};

const short = (grant: string): string => grant.slice(grant.lastIndexOf(':') + 1);

/** RFC 7591 §2 names where it has one. */
const shown = (client: Client) => ({
  client_id: client.id,
  client_name: client.name,
  public: client.public,
  grant_types: client.grants,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  scope: client.scope,
  web_origins: client.webOrigins,
  resources: client.resources,
  services: client.services,
  device_days: client.deviceDays,
  dpop_bound_access_tokens: client.dpopRequired,
  pkce: client.pkceOptional ? 'optional' : 'required',
  id_token_signed_response_alg: client.idTokenAlg,
  created_at: new Date(client.createdAt).toISOString(),
});

export const clientCommands: readonly Command[] = [create, change, rotateSecret, list, remove];
