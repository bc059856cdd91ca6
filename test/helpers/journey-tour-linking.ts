import { minutes } from '../../src/clock.ts';
import { farAway, nextDoor, type Tour } from './journey-sights.ts';

/** The review, what comes before and after it: pages 1, 4, 5, 7, 8 in every state. */
export async function tourLinking({ place, visit, newPhone, newCode }: Tour): Promise<void> {
  const { server } = place;
  const tag = Math.random().toString(36).slice(2, 7);
  const email = `sam.rivers.${tag}@example.org`;
  await server.createAccount(email);
  const phone = await newPhone();
  const shows = (name: string) => visit(name, phone.tab);
  const enter = async (code: string): Promise<void> => {
    await phone.open('/link');
    await phone.typeCode(code);
  };

  await phone.open('/link');
  await phone.typeCode(await newCode());
  await phone.signIn(email);
  await shows('review');
  await phone.press({ name: 'decision', value: 'approve' });
  await shows('linked-waiting');

  await enter(await newCode(nextDoor));
  await shows('review-other-network');
  await phone.press({ name: 'decision', value: 'approve' });
  await shows('prove');
  await phone.fill('password', 'wrong horse');
  await phone.press({ form: phone.at() });
  await shows('prove-wrong');
  await phone.press({ name: 'decision', value: 'decline' });
  await shows('stopped');
  await phone.press({ name: 'decision', value: 'report' });
  await shows('stopped-reported');

  await enter(await newCode(farAway));
  await shows('look-first');
  await phone.press({ name: 'decision', value: 'look' });
  await shows('look-first-missed');
  await phone.tab.check('input[name=seen][value=yes]');
  await phone.press({ name: 'decision', value: 'look' });
  await shows('review-other-country');

  await enter('BCDF-GHJK');
  await shows('enter-no-such-code');

  const contested = await newCode();
  await enter(contested);
  const review = phone.at();
  const other = await newPhone();
  await server.createAccount(`other.${email}`);
  await other.open('/link');
  await other.typeCode(contested);
  await other.signIn(`other.${email}`);
  await visit('enter-taken-code', other.tab);
  await phone.open(review);
  await shows('contested');

  await enter(await newCode());
  server.clock.advance(minutes(6));
  await phone.open(phone.at());
  await shows('review-old');
  server.clock.advance(minutes(5));
  await phone.open(phone.at());
  await shows('expired');

  for (const last of 'BCDFGH') await other.open('/link').then(() => other.typeCode(`BCDFGHJ${last}`));
  await visit('enter-too-many', other.tab);
  await other.close();
  await phone.close();
}
