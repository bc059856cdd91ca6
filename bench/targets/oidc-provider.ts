import { generateKeyPairSync, randomInt } from 'node:crypto';
import { join } from 'node:path';
import Provider, { type AdapterFactory, type JWK } from 'oidc-provider';
import { serverOrder, takeControl } from './control.ts';
import { createMapAdapter } from './oidc-map-adapter.ts';
import { openSqliteAdapter } from './oidc-sqlite-adapter.ts';
import { type CodeState, clientId, deviceCodeGrant, scope } from './target.ts';

/** Plain oidc-provider with its own device flow, as its documentation sets it up. */
const { port, folder, settings } = serverOrder();
const sqlite = settings.storage === 'sqlite' ? openSqliteAdapter(join(folder, 'oidc.sqlite')) : undefined;
const adapter: AdapterFactory = sqlite?.adapter ?? createMapAdapter();
const hour = 3600;
const accountId = 'alice';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter,
  clients: [
    {
      client_id: clientId,
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: [deviceCodeGrant, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' } as JWK] },
  cookies: { keys: ['a key for the benchmark'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  routes: { device_authorization: '/device_authorization', token: '/token' },
  ttl: { DeviceCode: 24 * hour, AccessToken: hour, IdToken: hour, RefreshToken: 720 * hour, Grant: 720 * hour },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on('server_error', (_context, error) => console.error(error));
// A device polls every five seconds; with Node's own five seconds each poll could be a new connection.
provider.listen(port, '127.0.0.1').keepAliveTimeout = 75_000;

takeControl({
  async makeCode(state: CodeState) {
    const client = await provider.Client.find(clientId);
    if (!client) throw new Error('The client is missing.');
    const code = new provider.DeviceCode({
      client,
      deviceInfo: {},
      params: { client_id: clientId, scope },
      userCode: Array.from({ length: 12 }, () => 'BCDFGHJKLMNPQRSTVWXZ'[randomInt(20)]).join(''),
    } as never);
    if (state === 'approved') await approve(code);
    return code.save();
  },
  async approve(userCode) {
    const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll(/[^A-Z]/g, ''));
    if (!code) throw new Error(`There is no code ${userCode}.`);
    await approve(code);
    await code.save();
  },
  ...(sqlite ? { hurry: sqlite.hurry } : {}),
});

/** What the engine itself does when a person confirms. */
async function approve(code: InstanceType<typeof provider.DeviceCode>): Promise<void> {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  Object.assign(code, { accountId, grantId, scope, authTime: Math.floor(Date.now() / 1000) });
}
