import type { ClientSettings } from './client-settings.ts';

const words = (scope: string): string[] => scope.split(' ');
const gone = (before: readonly string[], after: readonly string[]): string[] =>
  before.filter((value) => !after.includes(value));

const withoutGrant: Readonly<Record<string, string>> = {
  device_code: 'No more devices can be linked; those that are stay linked.',
  authorization_code: 'Nobody can sign in to it any more.',
  refresh_token: 'Nothing can be refreshed: links and sign-ins end with their access tokens, within ten minutes.',
  client_credentials: 'It gets no more tokens for itself.',
};

/** What stops working by a change of an app's settings, one sentence each, for the operator who makes it. */
export function endedBy(before: ClientSettings, after: ClientSettings): string[] {
  const scopes = gone(words(before.scope), words(after.scope));
  const resources = gone(before.resources, after.resources);
  return [
    ...gone(before.grants, after.grants).map((name) => withoutGrant[name.slice(name.lastIndexOf(':') + 1)] ?? name),
    ...(scopes.length > 0 ? [`No token of it is good for ${scopes.join(', ')} any more.`] : []),
    ...gone(before.redirectUris, after.redirectUris).map((uri) => `Sign-ins that return to ${uri} are refused.`),
    ...gone(before.postLogoutRedirectUris, after.postLogoutRedirectUris).map(
      (uri) => `Nobody is sent to ${uri} after signing out.`,
    ),
    ...gone(before.webOrigins, after.webOrigins).map((origin) => `Scripts of ${origin} are refused.`),
    ...resources.map((uri) => `There are no more tokens for ${uri}; those made live on for up to five minutes.`),
    ...gone(before.services, after.services).map((id) => `${id} is told nothing of its tokens any more.`),
    ...(after.dpopRequired && !before.dpopRequired ? ['Whoever has no key can refresh nothing, nor begin.'] : []),
    ...(before.pkceOptional && !after.pkceOptional ? ['Sign-ins without PKCE are refused.'] : []),
  ];
}
