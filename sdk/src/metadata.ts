import { LinkError } from './link-error.ts';
import { type Fetch, type Outside, outsideOf, type Time } from './outside.ts';
import { type Answer, type Json, persist, send, text, troubleOf } from './wire.ts';

/** What the SDK uses of RFC 8414 and OpenID Discovery. Keep it, and pass it on, to save a request. */
export type IssuerMetadata = {
  issuer: string;
  tokenEndpoint: string;
  deviceAuthorizationEndpoint: string | undefined;
  revocationEndpoint: string | undefined;
  userinfoEndpoint: string | undefined;
};

export type IssuerOptions = {
  /** For example `https://id.example.org`. */
  issuer: string;
  /** From `discover()`; without it each call asks the issuer first. */
  metadata?: IssuerMetadata | undefined;
  /** Plain http is refused outside this machine; set this for a lab network. */
  allowInsecure?: boolean | undefined;
  signal?: AbortSignal | undefined;
  fetch?: Fetch | undefined;
  time?: Time | undefined;
  random?: (() => number) | undefined;
};

/** Reads the issuer's own description of itself (RFC 8414 §3, else OpenID Discovery §4). */
export async function discover(options: IssuerOptions): Promise<IssuerMetadata> {
  if (options.metadata) return options.metadata;
  const issuer = options.issuer.replace(/\/+$/, '');
  const check = (url: string) => assertSecure(url, options.allowInsecure === true);
  check(issuer);
  const document = await readDocument(outsideOf(options), issuer, options.signal);
  // RFC 8414 §3.3: a document that names another issuer is an impostor's or a misconfigured one.
  if (text(document.issuer)?.replace(/\/+$/, '') !== issuer) {
    throw new LinkError('discovery', `The metadata at ${issuer} belongs to ${JSON.stringify(document.issuer)}.`);
  }
  const endpoint = (name: string) => {
    const url = text(document[name]);
    if (url !== undefined) check(url);
    return url;
  };
  return {
    issuer,
    tokenEndpoint: required('token_endpoint', endpoint('token_endpoint')),
    deviceAuthorizationEndpoint: endpoint('device_authorization_endpoint'),
    revocationEndpoint: endpoint('revocation_endpoint'),
    userinfoEndpoint: endpoint('userinfo_endpoint'),
  };
}

export function required(name: string, endpoint: string | undefined): string {
  if (endpoint === undefined) throw new LinkError('discovery', `The issuer has no ${name}.`);
  return endpoint;
}

async function readDocument(outside: Outside, issuer: string, signal: AbortSignal | undefined): Promise<Json> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === '/' ? '' : pathname;
  const places = [
    // RFC 8414 §3.1 puts the issuer's path behind the well-known part, OpenID Discovery §4.1 in front of it.
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer}/.well-known/openid-configuration`,
  ];
  let answer: Answer | undefined;
  for (const place of places) {
    answer = await persist(outside, signal, () =>
      send(outside, place, { headers: { accept: 'application/json' } }, signal),
    );
    if (answer.status === 200 && answer.body) return answer.body;
  }
  throw new LinkError('discovery', `No metadata at ${issuer}.`, { cause: answer && troubleOf(answer) });
}

/** RFC 8628 §3.1 and RFC 6749 §3.2 ask for TLS; only the machine itself needs none. */
function assertSecure(address: string, allowInsecure: boolean): void {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new LinkError('discovery', `${JSON.stringify(address)} is no URL.`);
  }
  const local = /^(localhost|127(\.\d+){3}|\[::1\]|.+\.localhost)$/.test(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (local || allowInsecure))) return;
  throw new LinkError('insecure', `${url.origin} is not https.`);
}
