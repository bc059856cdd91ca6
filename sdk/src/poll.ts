import type { DeviceAuthorization, LinkOptions } from './link-device.ts';
import { LinkError } from './link-error.ts';
import type { LinkState } from './link-states.ts';
import { type Outside, wait } from './outside.ts';
import { createPace } from './pace.ts';
import { readTokens, refusalOf, type Tokens } from './tokens.ts';
import { type Answer, form, isTransient, oauthErrorOf, requestTimeout, send } from './wire.ts';

type Poll = {
  options: LinkOptions;
  outside: Outside;
  authorization: DeviceAuthorization;
  tokenEndpoint: string;
  /** When the code runs out, on the monotonic clock. */
  end: number;
  signal: AbortSignal;
  change: (state: LinkState) => void;
};

/** Milliseconds. An approval may have come in time though its answer was lost, so an unanswered device asks on for a while. */
const graceUnanswered = 60_000;

/**
 * Polls as RFC 8628 §3.5 says, until there is an answer for good. An issuer that can holds each poll until the person
 * has decided (RFC 7240 `Prefer: wait`, in the manner of CIBA Core §10.1).
 */
export async function pollForTokens(poll: Poll): Promise<Tokens> {
  const { outside, signal, options } = poll;
  const pace = createPace(outside, { interval: poll.authorization.interval * 1000, holds: holds(poll) });
  let pause = pace.beforeFirst;
  for (;;) {
    if (pause > 0) await wait(outside.time, pause, signal);
    const asked = outside.time.now();
    const hold = pace.hold(poll.end - asked);
    const answer = await ask(poll, hold);
    const now = outside.time.now();
    const took = now - asked;
    const left = poll.end - now;
    const verdict = judge(answer);
    if (verdict === 'linked') return readTokens(answer, outside.time.date(), options.scope);
    if (verdict === 'over') throw outcomeOf(answer, left <= 0);
    const unanswered = verdict === 'unanswered';
    if (left <= (unanswered ? -graceUnanswered : 0)) throw new LinkError('expired', 'The code ran out.');
    poll.change(unanswered ? offline(answer) : { state: 'waiting', opened: answer.body?.claimed === true });
    pause = unanswered
      ? pace.afterSilence(answer, { took, left, hold })
      : pace.afterAnswer(answer, { took, slower: verdict === 'slower' });
  }
}

/**
 * A script of another origin would pay a CORS preflight for the header, and an issuer that answers it may still not
 * hold (Latchkey does not). Outside browsers there is no `location`.
 */
function holds({ options, tokenEndpoint }: Poll): boolean {
  if (options.wait !== undefined) return options.wait;
  const { location } = globalThis as { location?: { origin: string } };
  return location === undefined || location.origin === new URL(tokenEndpoint).origin;
}

function ask({ options, outside, authorization, tokenEndpoint, signal }: Poll, hold: number): Promise<Answer> {
  const resources = options.resource === undefined ? [] : [options.resource].flat();
  const fields = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: authorization.deviceCode,
    // RFC 8707 §2.2: a token is for one resource; with several, the app picks one when it refreshes.
    resource: resources.length === 1 ? resources : undefined,
  };
  const request = form(options, fields, hold > 0 ? { prefer: `wait=${hold}` } : {});
  return send(outside, tokenEndpoint, request, signal, hold * 1000 + requestTimeout);
}

type Verdict = 'linked' | 'pending' | 'slower' | 'unanswered' | 'over';

function judge(answer: Answer): Verdict {
  const error = oauthErrorOf(answer).oauthError;
  if (error === 'authorization_pending') return 'pending';
  if (error === 'slow_down') return 'slower';
  if (isTransient(answer)) return 'unanswered';
  if (error !== undefined) return 'over';
  // Neither an error nor tokens: a captive portal or a proxy spoke, not the issuer.
  return answer.body?.access_token === undefined ? 'unanswered' : 'linked';
}

function offline(answer: Answer): LinkState {
  return { state: 'offline', reason: answer.status === 0 ? 'network' : 'server' };
}

function outcomeOf(answer: Answer, pastEnd: boolean): LinkError {
  const details = oauthErrorOf(answer);
  if (details.oauthError === 'access_denied') return new LinkError('declined', 'The request was turned down.', details);
  // An issuer that has forgotten a code after its end says invalid_grant.
  if (details.oauthError === 'expired_token' || (details.oauthError === 'invalid_grant' && pastEnd)) {
    return new LinkError('expired', 'The code ran out.', details);
  }
  if (details.oauthError === 'invalid_grant')
    return new LinkError('refused', 'The issuer does not know this code.', details);
  return refusalOf(answer);
}
