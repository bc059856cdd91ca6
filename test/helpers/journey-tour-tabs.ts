import type { Tour } from './journey-sights.ts';

/** Two accounts, two tabs: a form that was opened for somebody else than who is signed in by the time it is sent (A7). */
export async function tourTabs({ place, visit, newPhone }: Tour): Promise<void> {
  const email = `ines.harbour.${Math.random().toString(36).slice(2, 7)}@example.org`;
  const work = `work.${email}`;
  for (const address of [email, work]) await place.server.createAccount(address);
  const phone = await newPhone();
  const signIn = async (address: string): Promise<void> => {
    await phone.open('/signin');
    await phone.signIn(address);
  };
  const signOut = async (value: string): Promise<void> => {
    await phone.open('/signout');
    await phone.press({ form: '/signout', value });
  };
  /** Opens a form in a second tab, does something in the first, and then sends it. */
  const send = async (name: string, path: string, values: Record<string, string>, meanwhile: () => Promise<void>) => {
    const tab = await phone.context.newPage();
    await tab.goto(place.url + path);
    const form = tab.locator(`main form[action="${path}"]`).first();
    for (const [field, value] of Object.entries(values)) await form.locator(`[name="${field}"]`).first().fill(value);
    await meanwhile();
    await Promise.all([tab.waitForEvent('load'), form.locator('button[type=submit]').first().click()]);
    await visit(name, tab);
    await tab.close();
  };

  await signIn(email);
  await send('other-account-words', '/profile', { name: 'Inés Harbour-Featherstonehaugh' }, () => signIn(work));
  await send('other-account-secret', '/security/password', { new_password: 'a great many words' }, () => signIn(email));
  await send('other-account-gone', '/profile', { name: 'Inés' }, async () => {
    await phone.open('/signout');
    await phone.press({ form: '/signout' });
  });
  await send('unsent', '/profile', { name: 'Inés' }, () => signOut('all'));
  await phone.close();
}
