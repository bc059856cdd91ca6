import type { Secrets } from '../secrets.ts';
import type { Locale } from '../web/messages.ts';

/** Who is signed in in a browser, by our session: the engine's own says nothing else (decision 6). Epoch milliseconds. */
export type Visitor = {
  sessionId: string;
  accountId: string;
  /** Others signed in beside. */
  others: readonly string[];
  signedInAt: number;
  provenAt: number;
  /** When the account must sign in again. */
  endsAt: number;
  acr: string | undefined;
  amr: string[];
  /** Whether the account has what it takes to reach one of these `acr` values. */
  canReach(wanted: readonly string[]): Promise<boolean>;
};

/** A browser in front of the authorization endpoint. */
export type Visit = {
  browserId: string;
  visitor: Visitor | undefined;
  /** The request of an app that it goes on with. */
  resumes?: string;
  /** The language it goes on in. */
  locale?: Locale | undefined;
};

/** Names that the engine's cookies have inside of this process; no browser ever gets one or is asked for one. */
export const engineCookies = { session: 'session', interaction: 'interaction', resume: 'resume' } as const;

/** The engine's session of an account in one of ours. Nobody can bring it: it is always made from ours. */
export const engineSessionId = (secrets: Secrets, visitor: { sessionId: string; accountId: string }): string =>
  secrets.hash('artifact', `session of ${visitor.sessionId}:${visitor.accountId}`);

/**
 * The whole Cookie header that the engine sees. Two parsers of what a browser sent would some day read two things in it:
 * a space before `=` once showed one of them my session and gave the other a stranger's.
 */
export function engineCookieHeader(secrets: Secrets, visit: Visit | undefined): string {
  const { visitor, resumes } = visit ?? {};
  const pairs = [];
  if (visitor) pairs.push(`${engineCookies.session}=${engineSessionId(secrets, visitor)}`);
  // The engine's own ids, to the letter.
  if (resumes && /^[\w-]{43}$/.test(resumes)) pairs.push(`${engineCookies.resume}=${resumes}`);
  return pairs.join('; ');
}
