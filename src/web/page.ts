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
};

/** What a page with a wrong input adds to itself: the status, and the word in front of its title. */
export function failure(error: unknown): Pick<Page, 'status' | 'hasErrors'> {
  return error ? { status: 422, hasErrors: true } : {};
}
