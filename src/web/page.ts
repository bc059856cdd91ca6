import type { IncomingHttpHeaders } from 'node:http';
import type { AccountId } from '../ids.ts';
import type { Locale, Translate } from './messages.ts';

/** Who is signed in, as every page may name them. */
export type Person = {
  accountId: AccountId;
  email: string;
  /** What to call them: their name, or the part of the address before the @. */
  name: string;
};

/** Who is in a browser, as the shell asks for it. */
export type Present = {
  /** Who is signed in, or undefined as long as the second step is missing that their operator wants. */
  person: Person | undefined;
  /** Whom pages are for: the person, or who is setting up that second step. */
  accountId: AccountId;
  /** Who is signed in beside. */
  others: readonly Person[];
  recovery?: { endsAt: number } | undefined;
};

/**
 * What every page needs and no page decides: words, direction, person, forgery protection.
 * Pages are pure functions of it and of their own props.
 */
export type PageContext = {
  t: Translate;
  locale: Locale;
  dir: 'ltr' | 'rtl';
  theme: 'auto' | 'light' | 'dark';
  /** Hidden in every form by <Form>: whose browser it is, and which account the form is shown for. */
  csrf: string;
  person: Person | undefined;
  /** How many further accounts are signed in in this browser. */
  otherAccounts: number;
  /** Somebody is getting into this account without its authenticators, and may from `endsAt` (epoch milliseconds). */
  recovery: { endsAt: number } | undefined;
  /** The page's own path and query, for the language and theme switches. */
  path: string;
  /** Whether any browser makes and uses passkeys here (see PasskeyDomain); none is offered otherwise. */
  passkeys: boolean;
  /** Lets the browser make a passkey by itself, where it can: right after a password was typed (security.md G13). */
  passkeyUpgrade?: boolean;
};

/** A page before the layout is put around it. */
export type Page = {
  /** Without the product's name. A page with errors gets "Error:" in front. */
  title: string;
  content: import('preact').ComponentChild;
  status?: number;
  hasErrors?: boolean;
  /** Reloads the page after so many seconds when scripts are off, for pages that wait for something. */
  refreshAfter?: number;
  /** Origins besides ours that this page's forms may end at: Chrome holds the redirect after a POST to `form-action`. */
  formTargets?: readonly string[];
  /** The page only carries something to this origin: it has that one form, nothing of ours around it, and may post nowhere else. */
  handsOverTo?: string;
  /** Where the page goes by itself, at once: see `leavesByPage`. */
  goesTo?: string;
};

/**
 * What works nevertheless for whoever is refused (fault B4), as the end of a message key; no passkey where there are none.
 */
export function wayWords({ t, passkeys }: PageContext, way: string | undefined): string | undefined {
  return way === undefined || (way === 'passkey' && !passkeys) ? undefined : t(`web.error.way.${way}`);
}

/** What a page with a wrong input adds to itself: the status, and the word in front of its title. */
export function failure(error: unknown): Pick<Page, 'status' | 'hasErrors'> {
  return error ? { status: 422, hasErrors: true } : {};
}

/**
 * Chrome holds every redirect after a form to the `form-action` of the page that the form was on, and goes on doing so at the
 * app: where an app sends people on to another origin, they would be left on our page, signed in and stopped
 * (w3c/webappsec-csp#8). Nobody can list where apps send people. So what leaves us by a form of ours goes by a page with
 * `goesTo`, which ends what the form began. Programs, and browsers of before this header, are redirected as ever; and so is what opens
 * an app on the person's own machine, where it ends, and for which some browsers want a press.
 */
export function leavesByPage(headers: IncomingHttpHeaders, to: string): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && /^https?:/.test(to);
}
