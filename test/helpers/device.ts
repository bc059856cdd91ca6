/** A device that speaks plain HTTP, as RFC 8628 has it and nothing more. */
export type DeviceAnswer = { status: number; headers: Headers; body: Record<string, unknown> };

/** Milliseconds; a poll may be held for half of that. Whoever is never answered says so, and does not wait on. */
export const longestAnswer = 60_000;

export async function postForm(
  url: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
): Promise<DeviceAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
    signal: AbortSignal.timeout(longestAnswer),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } };
}

export type RequestedCode = { device_code: string; user_code: string; interval: number; expires_in: number };

export async function requestCode(
  issuer: string,
  clientId: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<RequestedCode> {
  const form = { client_id: clientId, scope: 'openid profile email offline_access', ...more };
  const { status, body } = await postForm(`${issuer}/device_authorization`, form, headers);
  if (status !== 200)
    throw new Error(`The device authorization request was answered by ${status} ${JSON.stringify(body)}`);
  return body as unknown as RequestedCode;
}

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

export function poll(issuer: string, clientId: string, deviceCode: string, headers = {}): Promise<DeviceAnswer> {
  const form = { grant_type: deviceCodeGrant, device_code: deviceCode, client_id: clientId };
  return postForm(`${issuer}/token`, form, headers);
}

export function refresh(issuer: string, clientId: string, refreshToken: string): Promise<DeviceAnswer> {
  return postForm(`${issuer}/token`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
  });
}

export function introspect(issuer: string, clientId: string, token: string): Promise<DeviceAnswer> {
  return postForm(`${issuer}/introspect`, { token, client_id: clientId });
}

export async function userinfo(issuer: string, accessToken: string): Promise<DeviceAnswer> {
  const response = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json().catch(() => ({}))) as Record<string, unknown>,
  };
}
