import { days } from '../../src/clock.ts';
import { codeIn, linkIn } from './journey-phone.ts';
import { farAway, type Tour } from './journey-sights.ts';
import type { ReceivedMail } from './mailbox.ts';

/** Somebody who knew the password has added ways in: taking them back by mail, and the end of getting back in. */
export async function tourStolen({ place, visit, newPhone, newCode }: Tour): Promise<void> {
  const tag = Math.random().toString(36).slice(2, 7);
  const [email, planted] = [`ada.marsh.${tag}@example.org`, `an.address.that.was.planted.${tag}@example.com`];
  /** The next mail with this in it, in whatever language. */
  const mailWith = async (to: string, what: RegExp): Promise<ReceivedMail> => {
    for (;;) {
      const mail = await place.mailbox.waitFor(to);
      if (what.test(mail.text ?? '')) return mail;
    }
  };
  const code = /^\s*\d{4}[\s-]?\d{4}\s*$/m;
  await place.server.createAccount(email);
  const laptop = await newPhone();
  await laptop.open('/signin');
  await laptop.signIn(email);
  place.server.clock.advance(days(40));

  const thief = await newPhone({ at: farAway, passkeys: true, locale: 'en-GB' });
  await thief.open('/signin');
  await thief.signIn(email);
  await thief.open('/security/passkeys/new');
  const made = thief.tab.waitForURL(/done=passkeyAdded/);
  await thief.tab.click('main [data-passkey=create] button');
  await made;
  await thief.open('/security/addresses/email/new');
  await thief.fill('email', planted);
  await thief.press({ form: '/security/addresses/email/new' });
  await thief.fill('code', codeIn(await mailWith(planted, code)));
  await thief.press({ form: '/security/addresses/confirm/' });
  await thief.open('/link');
  await thief.typeCode(await newCode(farAway));
  await thief.approve();
  const link = linkIn(await mailWith(email, /\/activity\/change\//), '/activity/change/');

  const owner = await newPhone();
  const shows = (name: string) => visit(name, owner.tab);
  await owner.open(link);
  await shows('take-back');
  await owner.open('/recover');
  await owner.fill('email', email);
  await owner.press({ form: '/recover' });
  await owner.press({ name: 'way', value: 'email' });
  await owner.fill('code', codeIn(await mailWith(email, code)));
  await owner.press({ form: '/recover/code' });
  await shows('recovery-ways-in');
  await owner.fill('new_password', 'seven lamps under the harbour');
  await owner.press({ form: '/recover/password' });
  await shows('recovered');
  for (const one of [laptop, thief, owner]) await one.close();
}
