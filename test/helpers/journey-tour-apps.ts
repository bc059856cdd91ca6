import type { Phone } from './journey-phone.ts';
import type { Tour } from './journey-sights.ts';
import { type RelyingParty, registerRelyingParty } from './relying-party.ts';

/** Between an app and us: permissions, choosing an account, the answer by POST, signing out for an app; pages 19 and 38. */
export async function tourApps({ place, visit, newPhone }: Tour): Promise<void> {
  const tag = Math.random().toString(36).slice(2, 7);
  const email = `nora.fields.${tag}@example.org`;
  for (const address of [email, `work.${email}`]) await place.server.createAccount(address);
  const app = await registerRelyingParty(place.server);
  const phone = await newPhone();
  const shows = (name: string) => visit(name, phone.tab);
  // Shows the page that the island would leave at once.
  await phone.tab.route('**/assets/press*', (route) => route.abort());

  await phone.open(app.prepare({ response_mode: 'form_post', prompt: 'none' }).url);
  await shows('form-post');
  await phone.open(app.prepare({ scope: 'openid profile email' }).url);
  await phone.signIn(email);
  await shows('permissions');
  await phone.open(app.prepare({ redirect_uri: 'https://elsewhere.example.com/' }).url);
  await shows('problem');
  await phone.open(app.prepare({ prompt: 'select_account' }).url);
  await shows('choose-only-account');
  await phone.open('/signin');
  await phone.signIn(`work.${email}`);
  await phone.open(app.prepare({ prompt: 'select_account' }).url);
  await shows('choose-account');
  await leaving(phone, app, shows);
  await phone.close();
}

async function leaving(phone: Phone, app: RelyingParty, shows: (name: string) => Promise<void>): Promise<void> {
  const leave = (more: Record<string, string> = {}) => {
    const sent = { client_id: app.id, post_logout_redirect_uri: 'https://app.example/post_logout_redirect', ...more };
    return phone.open(`/session/end?${new URLSearchParams(sent)}`);
  };
  await leave();
  await shows('app-signout');
  await leave({ logout_hint: 'somebody.else@example.org' });
  await shows('app-signout-another');
  await leave({ post_logout_redirect_uri: 'https://elsewhere.example.com/' });
  await shows('app-signout-problem');
}
