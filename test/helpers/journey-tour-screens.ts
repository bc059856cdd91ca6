import { minutes, seconds } from '../../src/clock.ts';
import type { Tour } from './journey-sights.ts';

/** Page 10, the television, in every view it has. */
export async function tourScreens({ place, visit, newPhone, newTv }: Tour): Promise<void> {
  const tv = await newTv();
  const phone = await newPhone();
  const email = `tv.${Date.now()}@example.org`;
  await place.server.createAccount(email);
  await visit('tv-idle', tv.tab);
  const code = await tv.showCode();
  await visit('tv-waiting', tv.tab);
  await phone.open('/link');
  await phone.typeCode(code);
  await phone.signIn(email);
  await phone.approve();
  await tv.wait(seconds(5));
  await tv.shows('ask');
  await visit('tv-ask', tv.tab);
  await phone.tab.waitForSelector('[data-state=redeemed]');
  await visit('linked', phone.tab);
  await tv.pressOk();
  await visit('tv-home', tv.tab);
  await tv.pressOk();
  await tv.shows('idle');

  await phone.open('/link');
  await phone.typeCode(await tv.showCode());
  await phone.press({ name: 'decision', value: 'decline' });
  await tv.wait(seconds(5));
  await tv.shows('over');
  await visit('tv-declined', tv.tab);
  await tv.showCode();
  await tv.wait(minutes(11));
  await tv.shows('over');
  await visit('tv-expired', tv.tab);
  await tv.context.close();
  await phone.close();
}
