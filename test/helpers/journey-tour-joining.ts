import { codeIn, linkIn } from './journey-phone.ts';
import type { Tour } from './journey-sights.ts';
import { testPassword } from './test-app.ts';

/** From a typed code to an account: pages 1, 2, 13, 14, 16, 17, 21, 22, 23 and what goes wrong on them. */
export async function tourJoining({ place, visit, newPhone, newCode }: Tour): Promise<void> {
  const phone = await newPhone({ passkeys: true });
  const { tab } = phone;
  const shows = (name: string) => visit(name, tab);
  const email = `sam.${Math.random().toString(36).slice(2, 7)}@example.org`;

  await phone.open('/link');
  await shows('enter');
  await phone.press({ form: '/link' });
  await shows('enter-empty');
  await phone.typeCode('bcdf-ghj');
  await shows('enter-short');
  await phone.typeCode('bcdf-gh0k');
  await shows('enter-impossible');
  const code = await newCode();
  await phone.open(`/L/${code}`);
  await shows('scanned');
  await phone.press({ form: '/link' });
  await shows('signin');
  await phone.fill('email', 'sam@');
  await phone.press({ form: '/signin' });
  await shows('signin-malformed');

  await phone.follow('/signup');
  await shows('signup');
  await phone.press({ form: '/signup' });
  await shows('signup-empty');
  await phone.fill('email', email);
  await phone.press({ form: '/signup' });
  await shows('confirm');
  await phone.fill('code', '1234 5678');
  await phone.press({ form: '/signup/confirm' });
  await shows('confirm-wrong');
  await phone.press({ form: '/signup/confirm', name: 'action', value: 'resend' });
  await shows('confirm-resent');
  const mail = await place.mailbox.waitFor(email);
  const elsewhere = await newPhone();
  await elsewhere.open(linkIn(mail, '/signup/link/'));
  await visit('confirm-link-elsewhere', elsewhere.tab);
  await elsewhere.open('/signup/link/unknown');
  await visit('confirm-link-dead', elsewhere.tab);
  await phone.open('/signup/confirm');
  await phone.fill('code', codeIn(mail));
  await phone.press({ form: '/signup/confirm' });
  await shows('protect');
  await phone.fill('password', 'password');
  await phone.tab.click('form:has(input[name=password]) button[type=submit]');
  await phone.tab.waitForSelector('.error-summary');
  await shows('protect-weak');
  await phone.close();

  await elsewhere.open(linkIn(await place.mailbox.waitFor(email), '/signup/link/'));
  await elsewhere.press({ form: '/signup/link' });
  await visit('confirm-link-done', elsewhere.tab);

  // Signing in to what is there.
  const known = `robin.${email}`;
  await place.server.createAccount(known);
  await elsewhere.open('/signin');
  await elsewhere.fill('email', known);
  await elsewhere.press({ form: '/signin' });
  await visit('password', elsewhere.tab);
  await elsewhere.fill('password', 'wrong horse');
  await elsewhere.press({ form: '/signin/password' });
  await visit('password-wrong', elsewhere.tab);
  await elsewhere.fill('password', testPassword);
  await elsewhere.press({ form: '/signin/password' });
  await visit('home', elsewhere.tab);
  const kept = [
    ['devices-empty', '/devices'],
    ['checkup-ways', '/checkup/ways'],
    ['checkup-addresses', '/checkup/addresses'],
    ['checkup-done', '/checkup/done'],
    ['profile', '/profile'],
    ['close', '/profile/close'],
    ['closed', '/profile/closed'],
  ] as const;
  for (const [name, path] of kept) {
    await elsewhere.open(path);
    await visit(name, elsewhere.tab);
  }
  await elsewhere.close();
}
