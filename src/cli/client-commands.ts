import { type Client, createClients } from '../clients/clients.ts';
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

const create: Command = {
  name: 'clients create',
  summary: 'Register an app. A secret is printed once and never again.',
  options: {
    name: { type: 'string', value: 'NAME', meaning: 'What people see when the app asks for something' },
    grant: {
      type: 'string',
      multiple: true,
      value: 'GRANT',
      meaning: 'device_code, authorization_code, refresh_token or client_credentials',
    },
    public: { type: 'boolean', meaning: 'Without a secret: an app that runs on devices of people' },
    'no-refresh': { type: 'boolean', meaning: 'Do not add refresh_token to device_code' },
    'redirect-uri': { type: 'string', multiple: true, value: 'URI', meaning: 'Where authorization_code may return to' },
    'post-logout-redirect-uri': {
      type: 'string',
      multiple: true,
      value: 'URI',
      meaning: 'Where people may be sent after signing out',
    },
    scope: { type: 'string', value: '"S S…"', meaning: 'The most it may ask for' },
    'web-origin': {
      type: 'string',
      multiple: true,
      value: 'ORIGIN',
      meaning: 'Web page that may ask for tokens by script',
    },
    resource: { type: 'string', multiple: true, value: 'URI', meaning: 'API for which it may get JWT access tokens' },
    'device-days': { type: 'string', value: 'DAYS', meaning: 'How long a device stays linked at most, 1 to 365' },
    'dpop-required': { type: 'boolean', meaning: 'Bind every token to a key of the app' },
    'id-token-alg': { type: 'string', value: 'ALG', meaning: 'What signs its ID tokens: ES256 (default) or RS256' },
    id: { type: 'string', value: 'ID', meaning: 'A fixed client id instead of a random one' },
    json,
  },
  async run(input, terminal) {
    const days = input.text('device-days');
    if (days !== undefined && !/^\d+$/.test(days)) throw new UsageError('--device-days must be a whole number.');
    const grants = grantsOf(input);
    if (grants.length === 0) throw new UsageError('--grant is missing.');
    const made = await withData(terminal, (outside) =>
      createClients(outside).create({
        id: input.text('id'),
        name: required(input, 'name'),
        public: input.flag('public'),
        grants,
        redirectUris: input.list('redirect-uri'),
        postLogoutRedirectUris: input.list('post-logout-redirect-uri'),
        scope: input.text('scope'),
        webOrigins: input.list('web-origin'),
        resources: input.list('resource'),
        deviceDays: days === undefined ? undefined : Number(days),
        dpopRequired: input.flag('dpop-required'),
        idTokenAlg: input.text('id-token-alg'),
      }),
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
    const all = await withData(terminal, (outside) => createClients(outside).list());
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
    const removed = await withData(terminal, (outside) => createClients(outside).remove(id));
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
  device_days: client.deviceDays,
  dpop_bound_access_tokens: client.dpopRequired,
  id_token_signed_response_alg: client.idTokenAlg,
  created_at: new Date(client.createdAt).toISOString(),
});

export const clientCommands: readonly Command[] = [create, list, remove];
