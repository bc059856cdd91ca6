import type { BrowserContextOptions } from 'playwright-core';
import { postForm } from './device.ts';
import { type Place, startPlace } from './journey-place.ts';
import { here, type Spot, type Visit } from './journey-sights.ts';
import { tourAccount } from './journey-tour-account.ts';
import { tourActivity } from './journey-tour-activity.ts';
import { tourApps } from './journey-tour-apps.ts';
import { tourJoining } from './journey-tour-joining.ts';
import { tourLinking } from './journey-tour-linking.ts';
import { tourScreens } from './journey-tour-screens.ts';
import { tourSigning } from './journey-tour-signing.ts';
import { tourStolen } from './journey-tour-stolen.ts';
import { tourTabs } from './journey-tour-tabs.ts';

/** A place whose proxy says where everybody is. */
export const startTourPlace = (): Promise<Place> =>
  startPlace('SQLite and memory', {
    env: { LATCHKEY_TRUSTED_PROXIES: '127.0.0.1,::1', LATCHKEY_COUNTRY_HEADER: 'x-country' },
  });

const parts = {
  joining: tourJoining,
  linking: tourLinking,
  signing: tourSigning,
  account: tourAccount,
  activity: tourActivity,
  apps: tourApps,
  tabs: tourTabs,
  stolen: tourStolen,
  screens: tourScreens,
};

export type TourPart = keyof typeof parts;
export const tourParts = Object.keys(parts) as TourPart[];

/** Through one part of the product, in one language and look. */
export async function takeTour(
  place: Place,
  part: TourPart,
  visit: Visit,
  options: BrowserContextOptions = {},
): Promise<void> {
  const headersAt = ({ network, country }: Spot) => ({ 'x-forwarded-for': network, 'x-country': country });
  await parts[part]({
    place,
    visit,
    newPhone: ({ at = here, ...more } = {}) => place.phone({ ...options, ...more, extraHTTPHeaders: headersAt(at) }),
    newTv: () => place.tv({ holds: false, extraHTTPHeaders: headersAt(here) }),
    async newCode(at = here) {
      const request = { client_id: 'example-tv', scope: 'openid profile email offline_access' };
      const device = { device_name: 'Living room TV', device_model: 'Acme Vision 55', device_type: 'tv' };
      const answer = await postForm(`${place.url}/device_authorization`, { ...request, ...device }, headersAt(at));
      return String(answer.body.user_code);
    },
  });
}
