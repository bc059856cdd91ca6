import { minutes } from '../../src/clock.ts';
import { linkIn } from './journey-phone.ts';
import { farAway, type Tour } from './journey-sights.ts';

/** The activity of an account, "this wasn't me", sessions, and the page behind the mail: pages 33 and 40. */
export async function tourActivity({ place, visit, newPhone, newCode }: Tour): Promise<void> {
  const email = `lou.brook.${Math.random().toString(36).slice(2, 7)}@example.org`;
  await place.server.createAccount(email);
  const phone = await newPhone();
  const stranger = await newPhone({ at: farAway });
  const shows = (name: string) => visit(name, phone.tab);
  await phone.open('/signin');
  await phone.signIn(email);
  await stranger.open('/signin');
  await stranger.signIn(email, 'a guess that is not right');
  await stranger.fill('password', 'another one');
  await stranger.press({ form: '/signin/password' });
  await stranger.open('/signin');
  await stranger.signIn(email);
  await stranger.open('/link');
  await stranger.typeCode(await newCode(farAway));
  await stranger.approve();

  await phone.open('/activity');
  await shows('activity');
  await phone.open('/activity?show=changes');
  await shows('activity-filtered');
  await phone.open('/activity?show=problems&older=nothing');
  await shows('activity-older');
  await phone.open('/sessions');
  await shows('sessions');
  place.server.clock.advance(minutes(6));
  await phone.open('/activity?show=signins');
  await phone.follow('/activity/');
  await shows('activity-row-unproven');
  const row = phone.at();
  await phone.open('/signin');
  await phone.signIn(email);
  await phone.open(row);
  await shows('activity-row');
  await phone.press({ name: 'action', value: 'disown' });
  await shows('activity-row-done');
  await phone.open('/sessions');
  await shows('sessions-only-here');
  await phone.open('/activity/export');
  await shows('activity-export');

  await place.mailbox.waitFor(email, '/activity/undo/');
  const undo = linkIn(await place.mailbox.waitFor(email, '/activity/undo/'), '/activity/undo/');
  await stranger.open(undo);
  await visit('sign-in-undo', stranger.tab);
  await stranger.press({ form: '/activity/undo' });
  await visit('sign-in-undo-done', stranger.tab);
  await stranger.open('/activity/undo/unknown');
  await visit('sign-in-undo-gone', stranger.tab);
  await stranger.close();
  await phone.close();
}
