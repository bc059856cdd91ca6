import { minutes } from '../clock.ts';
import type { Limit } from './limits.ts';

/** What is counted, whom it binds once it is used up, and who goes on nevertheless: the words of the documentation. */
type Row = Limit & { counts: string; binds: string; exempt: string };

const nobody = 'nobody';

/**
 * Every limit that is counted in the forgetful store (B4). The rules: a network's limit binds those who are new or have
 * erred; the narrowest counter, one's own, comes first, and what it refuses counts nowhere else; whoever is right and has
 * not erred is not refused for a neighbour's sake.
 */
export const limitTable = {
  codesOfNetwork: {
    ...{ limit: 600, window: minutes(10) },
    counts: 'device codes that one network asked for; from the fourth on they are longer',
    binds: 'devices of that network that have no code yet',
    exempt: 'codes that wait',
  },
  codesInCrowd: {
    ...{ limit: 60, window: minutes(10) },
    counts: 'the same, while a million codes wait; at two million nobody gets another one',
    binds: 'devices of that network that have no code yet',
    exempt: 'codes that wait',
  },
  codesOfSite: {
    ...{ limit: 6000, window: minutes(10) },
    counts: 'device codes that the networks of one IPv6 /48 asked for',
    binds: 'devices there that have no code yet',
    exempt: 'codes that wait',
  },
  hashesOfOwner: {
    ...{ limit: 60, window: minutes(10) },
    counts: 'passwords and codes hashed for one account in browsers it has signed in with',
    binds: 'that account there',
    exempt: nobody,
  },
  hashesOfPair: {
    ...{ limit: 30, window: minutes(10) },
    counts: 'passwords and codes hashed for one account from one network',
    binds: 'that account from that network',
    exempt: 'browsers known to the account',
  },
  hashesOfNetwork: {
    ...{ limit: 600, window: minutes(10) },
    counts: 'passwords and codes hashed for one network',
    binds: 'the network',
    exempt: 'browsers known to the account',
  },
} satisfies Record<string, Row>;
