import type { Page as Tab } from 'playwright-core';
import type { Phone, PhoneOptions } from './journey-phone.ts';
import type { Place } from './journey-place.ts';
import type { Tv } from './journey-tv.ts';

/** Called on every page of the product, in every state it has, by a name for its picture. */
export type Visit = (name: string, tab: Tab) => Promise<void>;

export type Tour = {
  place: Place;
  visit: Visit;
  /** Each call is another person; `at` places them on a network of their own. */
  newPhone(options?: PhoneOptions & { at?: Spot }): Promise<Phone>;
  /** The television on the sofa's other side. */
  newTv(): Promise<Tv>;
  /** A device that asks for a code, on the sofa beside the phone unless told otherwise. */
  newCode(at?: Spot): Promise<string>;
};

export type Spot = { network: string; country: string };
export const here: Spot = { network: '203.0.113.9', country: 'GB' };
export const nextDoor: Spot = { network: '198.51.100.7', country: 'GB' };
export const farAway: Spot = { network: '192.0.2.33', country: 'NG' };
