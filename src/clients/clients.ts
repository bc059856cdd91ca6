import { type Clock, seconds } from '../clock.ts';
import type { Database } from '../drivers/database/database.ts';
import { AppError } from '../errors.ts';
import { type ClientId, newId } from '../ids.ts';
import type { Random } from '../random.ts';
import { type Secrets, sameString } from '../secrets.ts';
import { type ClientRow, createClientsStore } from './clients-store.ts';

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Scopes about the person; every other scope is an API's own business (RFC 8707). */
export const identityScopes: readonly string[] = ['openid', 'offline_access', 'profile', 'email'];

/** RS256 is for the apps that verify nothing else. */
const idTokenAlgs = ['ES256', 'RS256'] as const;
export type IdTokenAlg = (typeof idTokenAlgs)[number];

/** An app, as pages and operators see it. */
export type Client = {
  id: ClientId;
  name: string;
  /** Without a secret: everything that runs on a person's device (RFC 8628 §5.6). */
  public: boolean;
  grants: string[];
  redirectUris: string[];
  /** Where a person may be sent after signing out (OpenID Connect RP-Initiated Logout §3.1). */
  postLogoutRedirectUris: string[];
  /** What it may ask for, space separated; the ceiling for every grant (B32). */
  scope: string;
  /** Origins whose scripts may call the token endpoints (C15). */
  webOrigins: string[];
  /** Resource servers for which it may get JWT access tokens (RFC 8707). */
  resources: string[];
  /** How long a linked device stays linked at most, in days (B33, C9). */
  deviceDays: number;
  /** Every access token must be bound to a key (RFC 9449 §5.2). */
  dpopRequired: boolean;
  /** What signs its ID tokens (OpenID Connect Registration §2). */
  idTokenAlg: IdTokenAlg;
  createdAt: number;
};

export type NewClient = {
  id?: string | undefined;
  name: string;
  public: boolean;
  grants: string[];
  redirectUris?: string[];
  postLogoutRedirectUris?: string[];
  scope?: string | undefined;
  webOrigins?: string[];
  resources?: string[];
  deviceDays?: number | undefined;
  dpopRequired?: boolean;
  idTokenAlg?: string | undefined;
};

type Settings = Omit<Client, 'id' | 'name' | 'public' | 'createdAt'>;

/** In the words of OpenID Connect Dynamic Client Registration 1.0 §2. */
export type ClientMetadata = { client_id: string; [name: string]: unknown };

export type Clients = {
  find(id: string): Promise<Client | undefined>;
  names(ids: string[]): Promise<Map<ClientId, string>>;
  list(): Promise<Client[]>;
  /** The secret is returned here once and stored only as a keyed hash. */
  create(input: NewClient): Promise<{ client: Client; secret: string | undefined }>;
  remove(id: string): Promise<boolean>;
  /** What the engine needs to know, or undefined if there is no such client. */
  metadata(id: string): Promise<ClientMetadata | undefined>;
  /** Compares a presented secret with the stored hash in constant time. */
  secretMatches(presented: string, storedHash: string): boolean;
};

const grantNames = new Map([
  ['device_code', deviceCodeGrant],
  [deviceCodeGrant, deviceCodeGrant],
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  ['client_credentials', 'client_credentials'],
]);

type Needs = { database: Database; secrets: Secrets; clock: Clock; random: Random };

export function createClients({ database, secrets, clock, random }: Needs): Clients {
  const store = createClientsStore(database);
  const known = new Map<string, { client: Client; secretHash: string | null; readAt: number }>();

  /** Every request to the engine asks for its client; what an operator changes is seen within seconds. */
  async function read(id: string) {
    const cached = known.get(id);
    if (cached && Math.abs(clock.now() - cached.readAt) < seconds(5)) return cached;
    const row = await store.findClient(id).catch((error: unknown) => {
      // While the database is away, devices of known clients go on waiting.
      if (cached && error instanceof AppError) return 'away' as const;
      throw error;
    });
    if (row === 'away') return cached;
    if (known.size >= 1000) known.clear();
    known.delete(id);
    if (!row) return undefined;
    const fresh = { client: clientOf(row), secretHash: row.secret_hash, readAt: clock.now() };
    known.set(id, fresh);
    return fresh;
  }

  const find = async (id: string): Promise<Client | undefined> => (await read(id))?.client;

  return {
    find,

    async names(ids) {
      const rows = await store.findClients([...new Set(ids)]);
      return new Map(rows.map((row) => [row.id as ClientId, row.name]));
    },

    list: async () => (await store.listClients()).map(clientOf),

    async create(input) {
      const settings = checkedSettings(input);
      const secret = input.public ? undefined : random.token(32);
      const row: ClientRow = {
        id: input.id ?? newId<ClientId>(random),
        name: input.name.trim(),
        secret_hash: secret ? secrets.hash('client-secret', secret) : null,
        settings: JSON.stringify(settings),
        created_at: clock.now(),
      };
      if (!row.name) throw new AppError('bad_request', 'A client needs a name.');
      if (!/^[A-Za-z0-9._~-]{1,128}$/.test(row.id)) {
        throw new AppError('bad_request', 'A client id has 1 to 128 letters, digits, dots, dashes or underscores.');
      }
      try {
        await store.addClient(row);
      } catch (error) {
        if (database.isDuplicate(error)) throw new AppError('bad_request', `There is already a client ${row.id}.`);
        throw error;
      }
      return { client: clientOf(row), secret };
    },

    async remove(id) {
      known.delete(id);
      return store.deleteClient(id);
    },

    async metadata(id) {
      const found = await read(id);
      return found && metadataOf(found.client, found.secretHash);
    },

    secretMatches: (presented, storedHash) => sameString(secrets.hash('client-secret', presented), storedHash),
  };
}

function clientOf(row: ClientRow): Client {
  const settings = JSON.parse(row.settings) as Settings;
  return {
    ...settings,
    // Clients registered before there was such a thing have none.
    postLogoutRedirectUris: settings.postLogoutRedirectUris ?? [],
    id: row.id as ClientId,
    name: row.name,
    public: row.secret_hash === null,
    createdAt: row.created_at,
  };
}

function checkedSettings(input: NewClient): Settings {
  const grants = input.grants.map((name) => {
    const grant = grantNames.get(name);
    if (!grant)
      throw new AppError('bad_request', `There is no grant "${name}". Use ${[...grantNames.keys()].join(', ')}.`);
    return grant;
  });
  if (grants.length === 0) throw new AppError('bad_request', 'A client needs at least one grant, such as device_code.');
  const redirectUris = input.redirectUris ?? [];
  if (grants.includes('authorization_code') && redirectUris.length === 0) {
    throw new AppError('bad_request', 'The authorization_code grant needs a redirect URI.');
  }
  const postLogoutRedirectUris = input.postLogoutRedirectUris ?? [];
  const returnUris = [...redirectUris, ...postLogoutRedirectUris];
  for (const uri of [...returnUris, ...(input.webOrigins ?? []), ...(input.resources ?? [])]) {
    if (!URL.canParse(uri)) throw new AppError('bad_request', `"${uri}" is not an address.`);
  }
  for (const uri of returnUris) checkRedirectUri(uri);
  const deviceDays = input.deviceDays ?? 30;
  if (!Number.isInteger(deviceDays) || deviceDays < 1 || deviceDays > 365) {
    throw new AppError('bad_request', 'A device stays linked for 1 to 365 days.');
  }
  const idTokenAlg = idTokenAlgs.find((alg) => alg === (input.idTokenAlg ?? 'ES256'));
  if (!idTokenAlg) throw new AppError('bad_request', `An ID token is signed with ${idTokenAlgs.join(' or ')}.`);
  return {
    grants: [...new Set(grants)],
    redirectUris,
    postLogoutRedirectUris,
    scope: input.scope ?? 'openid profile email offline_access',
    webOrigins: (input.webOrigins ?? []).map((origin) => new URL(origin).origin),
    resources: input.resources ?? [],
    deviceDays,
    dpopRequired: input.dpopRequired ?? false,
    idTokenAlg,
  };
}

/** C2: a code must not travel in the clear, and a fragment would be cut off. */
function checkRedirectUri(uri: string): void {
  const { protocol, hostname } = new URL(uri);
  if (uri.includes('#')) throw new AppError('bad_request', `The redirect URI "${uri}" must have no fragment.`);
  if (protocol === 'http:' && !isLoopback(hostname)) {
    throw new AppError(
      'bad_request',
      `The redirect URI "${uri}" must be https, or http on this machine's own address.`,
    );
  }
  // RFC 8252 §7.1: a name the app's maker owns, reversed, so that no other app takes it by accident.
  if (protocol !== 'http:' && protocol !== 'https:' && !protocol.includes('.')) {
    throw new AppError(
      'bad_request',
      `The scheme of "${uri}" must be a reversed domain name, such as com.example.app.`,
    );
  }
}

function metadataOf(client: Client, secretHash: string | null): ClientMetadata {
  const codeFlow = client.grants.includes('authorization_code');
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: client.redirectUris.some(isForNativeApp) || !codeFlow ? 'native' : 'web',
    grant_types: client.grants,
    response_types: codeFlow ? ['code'] : [],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    // The engine knows no scopes of APIs; those it compares with what the resource server may get. An empty scope would
    // lift the ceiling (B32).
    scope:
      client.scope
        .split(' ')
        .filter((scope) => identityScopes.includes(scope))
        .join(' ') || 'openid',
    token_endpoint_auth_method: secretHash === null ? 'none' : 'client_secret_basic',
    // The engine compares secrets through secretMatches, so all it ever holds is the hash (K9).
    ...(secretHash === null ? {} : { client_secret: secretHash }),
    dpop_bound_access_tokens: client.dpopRequired,
    id_token_signed_response_alg: client.idTokenAlg,
    web_origins: client.webOrigins,
  };
}

/** RFC 8252 §7: loopback addresses and private-use schemes belong to apps on the person's own machine. */
function isForNativeApp(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'https:' && (protocol !== 'http:' || isLoopback(hostname));
}

const isLoopback = (hostname: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
