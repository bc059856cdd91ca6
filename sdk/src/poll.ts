import type { DeviceAuthorization, LinkOptions } from './link-device.ts';
import { LinkError } from './link-error.ts';
import type { LinkState } from './link-states.ts';
import { type Outside, wait } from './outside.ts';
import { readTokens, refusalOf, type Tokens } from './tokens.ts';
import { type Answer, form, isTransient, oauthErrorOf, seconds, send, withJitter } from './wire.ts';

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

/** Milliseconds. The longest pause of a device that cannot reach the issuer. */
const longestPause = 60_000;
/** An approval may have come in time though its answer was lost, so an unanswered device asks on for a while. */
const graceUnanswered = 60_000;

/** Polls as RFC 8628 §3.5 says, until there is an answer for good. */
export async function pollForTokens(poll: Poll): Promise<Tokens> {
  const { outside, signal, options } = poll;
  const pace = createPace(outside, poll.authorization.interval * 1000);
  let pause = poll.authorization.interval * 1000;
  for (;;) {
    await wait(outside.time, pause, signal);
    const asked = outside.time.now();
    const answer = await send(outside, poll.tokenEndpoint, tokenRequest(poll), signal);
    const now = outside.time.now();
    const left = poll.end - now;
    const verdict = judge(answer);
    if (verdict === 'linked') return readTokens(answer, outside.time.date(), options.scope);
    if (verdict === 'over') throw outcomeOf(answer, left <= 0);
    const unanswered = verdict === 'unanswered';
    if (left <= (unanswered ? -graceUnanswered : 0)) throw new LinkError('expired', 'The code ran out.');
    poll.change(unanswered ? offline(answer) : { state: 'waiting', opened: answer.body?.claimed === true });
    pause = unanswered ? pace.afterSilence(answer, now - asked, left) : pace.afterAnswer(verdict === 'slower', answer);
  }
}

/** How long to be quiet, in milliseconds. */
function createPace(outside: Outside, start: number) {
  let interval = start;
  let failures = 0;
  return {
    afterAnswer(slower: boolean, answer: Answer): number {
      failures = 0;
      // RFC 8628 §3.5: five seconds more "for this and all subsequent requests".
      if (slower) interval = Math.max(interval + 5000, (seconds(answer.body?.interval) ?? 0) * 1000);
      return interval;
    },
    /**
     * RFC 8628 §3.5: slower after each time-out, doubling. Counted from question to question, so that an answer lost
     * to a time-out is asked for again while the issuer still remembers it. A long Retry-After is obeyed to the end
     * of the code, no longer: the screen must not keep showing a dead code.
     */
    afterSilence(answer: Answer, took: number, left: number): number {
      failures += 1;
      const doubled = Math.min(interval * 2 ** failures, Math.max(longestPause, interval));
      const pause = withJitter(outside, Math.max(interval, doubled - took));
      return Math.max(pause, Math.min(answer.retryAfter, Math.max(left, 0)));
    },
  };
}

function tokenRequest({ options, authorization }: Poll): RequestInit {
  const resources = options.resource === undefined ? [] : [options.resource].flat();
  return form(options, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: authorization.deviceCode,
    // RFC 8707 §2.2: a token is for one resource; with several, the app picks one when it refreshes.
    resource: resources.length === 1 ? resources : undefined,
  });
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
