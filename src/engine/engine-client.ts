import type { ClientSettings } from '../clients/client-settings.ts';
import { deviceCodeGrant } from '../clients/client-settings.ts';

/** A client as the engine made it out of our metadata. */
export type EngineClient = {
  clientId: string;
  clientAuthMethod?: string | undefined;
  grantTypeAllowed(type: string): boolean;
  [name: string]: unknown;
};

/** What the operator decided about it. */
export const settingsOf = (client: { [name: string]: unknown }): ClientSettings => client.settings as ClientSettings;

/** RFC 8628 §5.6 (A26): what ships a secret to devices has none. */
export const isPublic = (client: Pick<EngineClient, 'clientAuthMethod' | 'grantTypeAllowed'>): boolean =>
  client.clientAuthMethod === 'none' || client.grantTypeAllowed(deviceCodeGrant);
