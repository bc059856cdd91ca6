import { deviceCodeGrant } from '../clients/client-settings.ts';
import type { Client, Clients } from '../clients/clients.ts';
import type { Random } from '../random.ts';
import { allowed } from './allowed.ts';
import type { DeviceRequests, IssuedCode, Requester } from './device-requests.ts';

type Needs = { issuer: string; clients: Clients; requests: DeviceRequests; random: Random };

/** Parameters that need no checking but their shape; any other goes to the engine (RFC 8628 §3.1). */
const known = new Set(['client_id', 'scope', 'device_name', 'device_model', 'device_type', 'dpop_jkt']);
/** RFC 7638: a SHA-256 thumbprint. */
const thumbprint = /^[A-Za-z0-9_-]{43}$/;

/**
 * Draws a code for a client without credentials whose request is in order in every respect, without the engine.
 * Undefined for everything else: the engine has the words for what is wrong with it.
 */
export function createFastIssue({ issuer, clients, requests, random }: Needs) {
  return async (form: URLSearchParams, requester: Requester): Promise<object | undefined> => {
    const params: Record<string, string> = {};
    const seen = new Set<string>();
    for (const [name, value] of form) {
      // One without a value, too, is there twice when it is repeated.
      if (!known.has(name) || seen.has(name)) return undefined;
      seen.add(name);
      // RFC 8628 §3.1: a parameter without a value counts as left out.
      if (value !== '') params[name] = value;
    }
    const client = params.client_id === undefined ? undefined : await clients.find(params.client_id);
    if (!client || !isInOrder(client, params)) return undefined;
    const { scope, refused } = allowed(client, { of: 'person', scope: params.scope });
    if (refused) return undefined;
    params.scope = scope.join(' ');
    // RFC 8628 §5.2 (A21): 256 random bits.
    const deviceCode = random.token(32);
    const issued = await requests.issue({ deviceCode, client, params, requester });
    return deviceAuthorizationAnswer(issuer, deviceCode, issued);
  };
}

function isInOrder(client: Client, params: Record<string, string>): boolean {
  if (!client.public || !client.grants.includes(deviceCodeGrant)) return false;
  return params.dpop_jkt === undefined || thumbprint.test(params.dpop_jkt);
}

/** RFC 8628 §3.2. */
export function deviceAuthorizationAnswer(issuer: string, deviceCode: string, issued: IssuedCode): object {
  return {
    device_code: deviceCode,
    user_code: issued.userCode,
    verification_uri: `${issuer}/link`,
    // Short and upper-case, so that its QR code is small enough to be read across a room.
    verification_uri_complete: `${issuer}/L/${issued.userCode.replaceAll('-', '')}`,
    expires_in: issued.expiresIn,
    interval: issued.interval,
  };
}
