import { LinkError } from './link-error.ts';
import { createStates, type LinkState } from './link-states.ts';
import { discover, type IssuerOptions, required } from './metadata.ts';
import { aborted, type Outside, outsideOf } from './outside.ts';
import { pollForTokens } from './poll.ts';
import { refusalOf, type Tokens } from './tokens.ts';
import { type Answer, type Client, form, persist, seconds, send, text } from './wire.ts';

export type LinkOptions = IssuerOptions &
  Client & {
    /** Space-separated. Add `openid` to learn who it is, `offline_access` to stay linked. */
    scope?: string | undefined;
    /** Where the tokens will be used (RFC 8707). */
    resource?: string | string[] | undefined;
    /** What the person will see on their phone and in their list of devices: "Living room TV". */
    deviceName?: string | undefined;
    /** "Bravia XR-55", "Windows 11" … */
    deviceModel?: string | undefined;
    /** "tv", "console", "terminal", "desktop" … */
    deviceType?: string | undefined;
    /** Ask the issuer to hold each poll until the decision. On, except in pages of another origin than the issuer's. */
    wait?: boolean | undefined;
  };

export type Link = {
  /** Always on the screen, also beside a QR code: the person compares it with their phone (RFC 8628 §3.3.1). */
  userCode: string;
  /** What to type into a browser. */
  verificationUri: string;
  /** What to draw as a QR code: the address with the code in it, else the plain address. */
  qrText: string;
  /** Epoch milliseconds, for "works until 14:05". */
  expiresAt: number;
  /** By a clock that cannot jump. */
  secondsLeft(): number;
  current(): LinkState;
  /** The present state, then each change, to the final one. Leaving the loop does not cancel. */
  states(): AsyncGenerator<LinkState, void>;
  /** Resolves once linked, else rejects with a LinkError: `declined`, `expired`, `aborted`, `refused` … */
  tokens(): Promise<Tokens>;
  /** Stops polling. The code itself runs out by its own time. */
  cancel(): void;
};

/** What RFC 8628 §3.2 answers. The device code stays inside the SDK: nobody has to see it. */
export type DeviceAuthorization = {
  deviceCode: string;
  userCode: string;
  verificationUri: string;
  qrText: string;
  expiresIn: number;
  interval: number;
};

/**
 * Asks for a code and waits for a person to approve it. Call it when somebody pressed a key, not when the app starts
 * and not in a loop: the SDK never asks for another code by itself (RFC 8628 §3.1).
 */
export async function linkDevice(options: LinkOptions): Promise<Link> {
  const outside = outsideOf(options);
  const control = new AbortController();
  const cancel = () => control.abort(options.signal?.reason);
  if (options.signal?.aborted) throw aborted(options.signal);
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    const asked = await requestCode({ ...options, signal: control.signal }, outside);
    const link = follow(options, outside, asked, control);
    link.tokens().then(release, release);
    return link;
  } catch (error) {
    release();
    throw error;
  }
  function release() {
    options.signal?.removeEventListener('abort', cancel);
  }
}

type Asked = { authorization: DeviceAuthorization; tokenEndpoint: string; at: number };

async function requestCode(options: LinkOptions, outside: Outside): Promise<Asked> {
  const metadata = await discover(options);
  const endpoint = required('device_authorization_endpoint', metadata.deviceAuthorizationEndpoint);
  const request = form(options, {
    scope: options.scope,
    resource: options.resource,
    device_name: options.deviceName,
    device_model: options.deviceModel,
    device_type: options.deviceType,
  });
  const answer = await persist(outside, options.signal, () => send(outside, endpoint, request, options.signal));
  if (answer.status !== 200) throw refusalOf(answer);
  return { authorization: readAuthorization(answer), tokenEndpoint: metadata.tokenEndpoint, at: outside.time.now() };
}

function follow(options: LinkOptions, outside: Outside, asked: Asked, control: AbortController): Link {
  const { userCode, verificationUri, qrText, expiresIn } = asked.authorization;
  const states = createStates();
  const end = asked.at + expiresIn * 1000;
  const tokens = pollForTokens({ ...asked, options, outside, end, signal: control.signal, change: states.change });
  const outcome = tokens.then(
    (received) => {
      states.change({ state: 'linked', tokens: received });
      return received;
    },
    (reason: unknown) => {
      const error = reason instanceof LinkError ? reason : new LinkError('server', 'Unexpected.', { cause: reason });
      const state = error.code === 'declined' || error.code === 'expired' ? error.code : 'failed';
      states.change({ state, error });
      throw error;
    },
  );
  // Who only reads states must not crash the process by a promise they never asked for.
  outcome.catch(() => {});
  return {
    userCode,
    verificationUri,
    qrText,
    expiresAt: outside.time.date() + expiresIn * 1000,
    secondsLeft: () => Math.max(0, Math.round((end - outside.time.now()) / 1000)),
    current: states.current,
    states: states.follow,
    tokens: () => outcome,
    cancel: () => control.abort(),
  };
}

function readAuthorization({ body = {} }: Answer): DeviceAuthorization {
  const deviceCode = text(body.device_code);
  const userCode = text(body.user_code);
  // `verification_url` was the name in an early draft, and some large issuers still use it.
  const verificationUri = text(body.verification_uri ?? body.verification_url);
  const expiresIn = seconds(body.expires_in);
  if (!deviceCode || !userCode || !verificationUri || !expiresIn) {
    throw new LinkError('server', 'The device authorization response lacks a field (RFC 8628 §3.2).');
  }
  return {
    deviceCode,
    userCode,
    verificationUri,
    qrText: text(body.verification_uri_complete) ?? verificationUri,
    expiresIn,
    // RFC 8628 §3.2: "If no value is provided, clients MUST use 5 as the default."
    interval: Math.max(1, seconds(body.interval) ?? 5),
  };
}
