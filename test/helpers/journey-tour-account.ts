import { generateSync } from 'otplib';
import { hours, minutes } from '../../src/clock.ts';
import { linkIn } from './journey-phone.ts';
import { farAway, type Tour } from './journey-sights.ts';
import { testPassword } from './test-app.ts';

/** Devices, accounts, ways to sign in, sign-out, help and errors: pages 3, 16, 20, 28, 29. */
export async function tourAccount(tour: Tour): Promise<void> {
  const { place, visit, newPhone, newCode } = tour;
  const tag = Math.random().toString(36).slice(2, 7);
  const email = `sam.rivers.${tag}@example.org`;
  const phone = await newPhone({ passkeys: true });
  const shows = (name: string) => visit(name, phone.tab);

  await phone.open('/link');
  await phone.typeCode(await newCode(farAway));
  await phone.follow('/signup');
  await phone.signUp(email);
  await phone.tab.check('input[name=seen][value=yes]');
  await phone.press({ name: 'decision', value: 'look' });
  await phone.approve();
  await phone.open('/link');
  await shows('enter-signed-in');
  await phone.typeCode(await newCode());
  await phone.press({ name: 'decision', value: 'approve' });
  await shows('prove-passkey');
  await phone.tab.click('[data-passkey=get] button');
  await phone.tab.waitForURL(/\/link\/[^/]+$/);

  await phone.open('/devices');
  await shows('devices');
  await phone.follow('/devices/');
  await shows('device');
  const device = phone.at();
  await phone.fill('name', ' ');
  await phone.press({ name: 'action', value: 'rename' });
  await shows('device-unnamed');
  await phone.fill('name', 'Bedroom TV');
  await phone.press({ name: 'action', value: 'rename' });
  await shows('device-renamed');
  await phone.open('/devices/unlink-all');
  await shows('unlink-all');
  await phone.open(device);
  await phone.press({ name: 'action', value: 'unlink' });
  await shows('devices-unlinked');
  const mail = await place.mailbox.waitFor(email, '/devices/undo/');
  const undo = linkIn(mail, '/devices/undo/');
  await phone.open(undo);
  await shows('undo');
  await phone.press({ form: '/devices/undo' });
  await shows('undo-done');
  await phone.open('/devices/undo/unknown');
  await shows('undo-gone');

  await tourSecurity(tour, phone);
  await tourSignOut(tour, phone, email);
}

async function tourSecurity({ visit, place }: Tour, phone: Awaited<ReturnType<Tour['newPhone']>>): Promise<void> {
  const shows = (name: string) => visit(name, phone.tab);
  await phone.open('/security');
  await shows('security');
  await phone.open('/security/passkeys/new');
  await shows('passkey-new');
  await phone.open('/security');
  await phone.follow('/security/passkeys/');
  await shows('passkey');
  await phone.open('/security/password');
  await shows('password-new');
  await phone.fill('new_password', 'secret');
  await phone.press({ form: '/security/password' });
  await shows('password-weak');
  await phone.fill('new_password', testPassword);
  await phone.press({ form: '/security/password' });
  await shows('security-password-added');
  await phone.open('/security/app');
  await shows('app-new');
  const secret = ((await phone.tab.getAttribute('[data-copy]', 'data-copy')) ?? '').replace(/\s/g, '');
  await phone.fill('code', '000000');
  await phone.press({ form: '/security/app' });
  await shows('app-wrong');
  await phone.fill('code', generateSync({ secret, epoch: Math.floor(place.server.clock.now() / 1000) }));
  await phone.press({ form: '/security/app' });
  await shows('recovery-codes');
  await phone.press({ form: '/security/recovery-codes' });
  await shows('recovery-codes-new');
  await phone.follow('/security');
  await shows('security-complete');
  await phone.follow('/security/saved-code');
  await shows('saved-code');
  await phone.press({ form: '/security/saved-code' });
  await shows('saved-code-new');
  await phone.open('/security/app');
  await shows('app-remove');
  place.server.clock.advance(minutes(6));
  await phone.open('/security/password');
  await shows('prove-again');
}

async function tourSignOut(tour: Tour, phone: Awaited<ReturnType<Tour['newPhone']>>, email: string): Promise<void> {
  const { place, visit } = tour;
  const shows = (name: string) => visit(name, phone.tab);
  await phone.keyring?.present(false);
  await phone.open('/signin');
  await phone.signIn(email);
  await shows('second-step');
  await phone.fill('code', '000000');
  await phone.press({ form: '/signin/code' });
  await shows('second-step-wrong');
  await phone.open('/signout');
  await shows('signout-begun');

  await place.server.createAccount(`work.${email}`);
  await phone.open('/signin');
  await phone.signIn(`work.${email}`);
  await phone.open('/accounts');
  await shows('accounts');
  await phone.open('/link');
  await phone.typeCode(await tour.newCode());
  await shows('review-two-accounts');
  await phone.open('/signout');
  await shows('signout');
  await phone.press({ form: '/signout', value: 'all' });
  await shows('signed-out');
  await tourErrors(tour, phone);
  await phone.close();
}

async function tourErrors({ place, visit }: Tour, phone: Awaited<ReturnType<Tour['newPhone']>>): Promise<void> {
  const shows = (name: string) => visit(name, phone.tab);
  for (const path of ['/help', '/help/privacy', '/help/accessibility', '/nowhere']) {
    await phone.open(path);
    await shows(path.slice(1).replace('/', '-'));
  }
  await phone.open('/link');
  await phone.context.clearCookies();
  await phone.typeCode('BCDF-GHJK');
  await shows('error-forged');
  place.mailbox.refuse(true);
  await phone.open('/signup');
  await phone.fill('email', 'nobody@example.org');
  await phone.press({ form: '/signup' });
  await shows('error-unavailable');
  place.mailbox.refuse(false);
  const flood = `flood.${Date.now()}@example.org`;
  for (let mails = 0; mails < 6; mails++) {
    await phone.open('/signup');
    await phone.fill('email', flood);
    await phone.press({ form: '/signup' });
  }
  await shows('error-too-many');
  const known = `known.${flood}`;
  await place.server.createAccount(known);
  await phone.open('/recover');
  await phone.fill('email', known);
  await phone.press({ form: '/recover' });
  for (let mails = 0; mails < 6; mails++) {
    await phone.open('/recover/choose');
    await phone.press({ name: 'way', value: 'email' });
  }
  await shows('error-too-many-mails');
  place.server.clock.advance(hours(2));
}
