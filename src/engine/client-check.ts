import './runtime-label.ts';
import { generateKeyPairSync } from 'node:crypto';
import Provider, { errors } from 'oidc-provider';
import type { ClientMetadata } from '../clients/client-metadata.ts';
import { AppError } from '../errors.ts';
import { noAdapter } from './artifact-adapter.ts';
import { providerConfiguration } from './provider-configuration.ts';

/**
 * Whether the engine would work with a client, asked before it is stored: an engine of the same settings, without keys of
 * ours and without data, makes it. What it does not like fails each of the client's requests, long after the operator
 * has gone (fault C5).
 */
export function createClientCheck(): (metadata: ClientMetadata) => Promise<void> {
  let provider: Provider | undefined;
  return async (metadata) => {
    provider ??= judge();
    try {
      await provider.Client.validate(metadata);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      throw new AppError('bad_request', `This could never work: ${error.error_description ?? error.message}.`);
    }
  };
}

function judge(): Provider {
  const keys = [
    { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), alg: 'ES256' },
    { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), alg: 'RS256' },
  ];
  return new Provider('https://localhost', {
    ...providerConfiguration({
      issuer: 'https://localhost',
      jwks: keys.map((key) => ({ ...key, use: 'sig' })),
      // Nobody is ever asked anything by it.
      units: { current: () => undefined },
      clock: { now: () => 0 },
      claimsOf: async () => undefined,
      renderError() {},
    }),
    adapter: () => noAdapter,
  });
}
