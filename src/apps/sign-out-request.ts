import type { Client, Clients } from '../clients/clients.ts';
import type { Engine } from '../engine/engine.ts';
import type { AccountId } from '../ids.ts';

/** What an app asks when it sends a person to sign out, once all of it is known to hold. */
export type SignOutRequest = {
  /** The app, if it says who it is. */
  app: Client | undefined;
  /** Whose ID token it gave back. */
  hinted: AccountId | undefined;
  /** Whom it means, in words of its own (`logout_hint`): an address, or an id. */
  named: string | undefined;
  /** Where the person goes afterwards, with the app's `state`. */
  returnTo: string | undefined;
};

/** In words for the people who make the app. */
export type Refused = { error: string; detail: string };

type Needs = { engine: Pick<Engine, 'readIdTokenHint'>; clients: Pick<Clients, 'find'> };

/** OpenID Connect RP-Initiated Logout 1.0 §2; `ui_locales` is read by every page of ours. */
const parameters = ['id_token_hint', 'logout_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const;

/** Reads the query of a request to sign out. Whatever does not hold is refused: nobody is sent anywhere by it (§3). */
export async function readSignOutRequest(query: string, { engine, clients }: Needs): Promise<SignOutRequest | Refused> {
  const given = new URLSearchParams(query);
  const twice = parameters.find((name) => given.getAll(name).length > 1);
  if (twice) return refused(`${twice} is there more than once`);
  // RFC 6749 §3.1: one without a value is as good as left out.
  const value = (name: (typeof parameters)[number]): string | undefined => given.get(name) || undefined;

  const token = value('id_token_hint');
  const hint = token === undefined ? undefined : await engine.readIdTokenHint(token);
  if (token !== undefined && !hint) return refused('id_token_hint is no ID token of this issuer');
  const clientId = value('client_id');
  if (hint && clientId !== undefined && clientId !== hint.clientId)
    return refused('id_token_hint was made for another client_id');
  const knownAs = clientId ?? hint?.clientId;
  const app = knownAs === undefined ? undefined : await clients.find(knownAs);
  if (knownAs !== undefined && !app) return refused('the client is not registered', 'invalid_client');

  const uri = value('post_logout_redirect_uri');
  if (uri !== undefined && !app) return refused('post_logout_redirect_uri needs an id_token_hint or a client_id');
  // §3: to the letter; an address that was only extended is another one.
  if (uri !== undefined && !app?.postLogoutRedirectUris.includes(uri))
    return refused('post_logout_redirect_uri is not registered for this client');
  const returnTo = uri === undefined ? undefined : withState(uri, value('state'));
  return { app, hinted: hint?.accountId, named: value('logout_hint'), returnTo };
}

const refused = (detail: string, error = 'invalid_request'): Refused => ({ error, detail });

/** Added by hand: whoever registered the address finds it unchanged. */
function withState(uri: string, state: string | undefined): string {
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
}
