import type { Device } from '../../src/devices/devices.ts';
import type { AccountId, ClientId, DeviceId } from '../../src/ids.ts';

/** A television that was just linked, as mails about it tell. */
export const livingRoom: Device = {
  id: 'd' as DeviceId,
  accountId: 'a' as AccountId,
  clientId: 'c' as ClientId,
  clientName: 'Acme TV',
  grantId: 'g',
  name: 'Living room',
  model: undefined,
  type: 'tv',
  scope: ['openid'],
  country: 'DE',
  linkedAt: Date.UTC(2030, 0, 1, 12, 34),
  lastUsedAt: undefined,
  expiresAt: Date.UTC(2030, 3, 1),
};
