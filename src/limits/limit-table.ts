import { days, hours, minutes } from '../clock.ts';

/** At most `limit` tries in a `window` of milliseconds, which starts with the first try. */
export type Limit = { limit: number; window: number };

/** What a page tells whoever is refused: the way that works nevertheless, as the end of a message key. */
export type Way = 'network' | 'known' | 'mail' | 'passkey' | 'other';

/** What is counted, whom it binds once it is used up, and who goes on nevertheless: the words of the documentation. */
export type Row = Limit & { counts: string; binds: string; exempt: string; way?: Way };

const nobody = 'nobody';

/**
 * Every limit that is counted in the forgetful store (fault B4). The rules: a network's limit binds those who are new or
 * have erred; the narrowest counter, one's own, comes first, and what it refuses counts nowhere else; whoever is right and
 * has not erred is not refused for a neighbour's sake.
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
    counts: 'passwords and codes hashed for one account from one network since the last right password',
    binds: 'that account from that network',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  hashesOfNetwork: {
    ...{ limit: 600, window: minutes(10) },
    counts: 'passwords and codes hashed for one network',
    binds: 'the network',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  wrongCodesOfAccount: {
    ...{ limit: 5, window: minutes(10) },
    counts: 'wrong device codes of one account',
    binds: 'that account',
    exempt: nobody,
  },
  wrongCodesInAttack: {
    ...{ limit: 1, window: minutes(10) },
    counts: 'the same, once everybody together has guessed a thousand times in a day',
    binds: 'that account',
    exempt: nobody,
  },
  wrongCodesOfAccountADay: {
    ...{ limit: 20, window: days(1) },
    counts: 'wrong device codes of one account in a day',
    binds: 'that account',
    exempt: nobody,
  },
  wrongCodesOfNetwork: {
    ...{ limit: 20, window: hours(1) },
    counts: 'wrong device codes from one network',
    binds: 'accounts there that have entered a wrong code in the last day',
    exempt: 'whoever has entered none',
    way: 'network',
  },
  wrongCodesInAll: {
    ...{ limit: 1000, window: days(1) },
    counts: 'wrong device codes of everybody',
    binds: 'nobody: codes get longer, and each account has one slip in ten minutes',
    exempt: 'everybody',
  },
  signUpsOfPair: {
    ...{ limit: 5, window: hours(1) },
    counts: 'mails to one address for signing up, asked for from one network',
    binds: 'that network with that address',
    exempt: nobody,
  },
  signUpsOfNetwork: {
    ...{ limit: 60, window: hours(1) },
    counts: 'mails for signing up, asked for from one network',
    binds: 'whoever signs up there',
    exempt: nobody,
    way: 'network',
  },
  signUpsToAddress: {
    ...{ limit: 10, window: hours(1) },
    counts: 'mails to one address for signing up, from everywhere',
    binds: 'networks that have asked for that address before',
    exempt: 'a network that asks for the first time in an hour',
    way: 'network',
  },
  signUpsToAddressADay: {
    ...{ limit: 30, window: days(1) },
    counts: 'mails to one address for signing up in a day',
    binds: 'everybody: no mailbox is flooded',
    exempt: nobody,
  },
  recoveriesOfOwner: {
    ...{ limit: 60, window: hours(1) },
    counts: 'recoveries begun in one browser of the account\u2019s owner',
    binds: 'that browser',
    exempt: nobody,
  },
  recoveriesOfNetwork: {
    ...{ limit: 120, window: hours(1) },
    counts: 'recoveries begun from one network',
    binds: 'whoever begins one there',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  recoveryMailsOfOwner: {
    ...{ limit: 5, window: hours(1) },
    counts: 'codes for a recovery asked for in one browser of the account\u2019s owner',
    binds: 'that browser',
    exempt: nobody,
  },
  recoveryMailsOfPair: {
    ...{ limit: 5, window: hours(1) },
    counts: 'codes for the recovery of one account, asked for from one network',
    binds: 'that network with that account',
    exempt: 'browsers known to the account',
    way: 'mail',
  },
  recoveryMailsOfNetwork: {
    ...{ limit: 60, window: hours(1) },
    counts: 'codes for recoveries asked for from one network',
    binds: 'whoever asks there',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  recoveryMailsToAddress: {
    ...{ limit: 10, window: hours(1) },
    counts: 'codes for the recovery of one account, from everywhere',
    binds: 'networks that have asked for that account before',
    exempt: 'browsers known to the account, and a network that asks for the first time in an hour',
    way: 'mail',
  },
  recoveryMailsToAddressADay: {
    ...{ limit: 30, window: days(1) },
    counts: 'codes for the recovery of one account in a day',
    binds: 'everybody who is new: no mailbox is flooded',
    exempt: 'browsers known to the account',
    way: 'mail',
  },
  recoveryTriesOfOwner: {
    ...{ limit: 40, window: hours(1) },
    counts: 'codes entered in a recovery, in one browser of the account\u2019s owner',
    binds: 'that browser',
    exempt: nobody,
  },
  recoveryTriesOfAttempt: {
    ...{ limit: 20, window: hours(1) },
    counts: 'codes entered in one recovery',
    binds: 'that recovery',
    exempt: nobody,
  },
  wrongRecoveryCodesOfNetwork: {
    ...{ limit: 40, window: hours(1) },
    counts: 'wrong codes in recoveries from one network',
    binds: 'recoveries there in which a code was wrong before',
    exempt: 'browsers known to the account, and the first code of a recovery',
    way: 'network',
  },
  wrongRecoveryCodesInAll: {
    ...{ limit: 5000, window: hours(1) },
    counts: 'wrong codes in recoveries of everybody',
    binds: 'recoveries in which a code was wrong before',
    exempt: 'browsers known to the account, and the first code of a recovery',
    way: 'known',
  },
  proofsOfOwner: {
    ...{ limit: 10, window: days(1) },
    counts:
      'tries with something kept (a key, an app, codes on paper) in a recovery, in a browser of the account\u2019s owner',
    binds: 'that browser',
    exempt: nobody,
  },
  proofsOfPair: {
    ...{ limit: 10, window: days(1) },
    counts: 'the same for one account, from one network',
    binds: 'that network with that account',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  proofsOfStrangers: {
    ...{ limit: 10, window: days(1) },
    counts: 'the same for one account, from everywhere',
    binds: 'networks that have tried that account before',
    exempt: 'browsers known to the account, and the first try of a network',
    way: 'known',
  },
  proofsOfStrangersInAll: {
    ...{ limit: 30, window: days(1) },
    counts: 'the same for one account, first tries too',
    binds: 'everybody who is new: a hundred failures would switch it off',
    exempt: 'browsers known to the account',
    way: 'known',
  },
  confirmationsOfAccount: {
    ...{ limit: 10, window: hours(1) },
    counts: 'codes to new addresses that one account asked for',
    binds: 'that account',
    exempt: nobody,
  },
  confirmationsOfPair: {
    ...{ limit: 5, window: hours(1) },
    counts: 'codes to one new address that one account asked for',
    binds: 'that account with that address',
    exempt: nobody,
  },
  confirmationsOfNetwork: {
    ...{ limit: 30, window: hours(1) },
    counts: 'codes to new addresses asked for from one network',
    binds: 'accounts there that have asked before in that hour',
    exempt: 'the first code of an account',
    way: 'network',
  },
  confirmationsToAddress: {
    ...{ limit: 10, window: hours(1) },
    counts: 'codes to one new address, whoever asks',
    binds: 'accounts that have asked for that address before',
    exempt: 'an account that asks for the first time in an hour',
  },
  confirmationsToAddressADay: {
    ...{ limit: 30, window: days(1) },
    counts: 'codes to one new address in a day',
    binds: 'everybody: no mailbox is flooded',
    exempt: nobody,
  },
  textsOfNetwork: {
    ...{ limit: 20, window: days(1) },
    counts: 'texts asked for from one network',
    binds: 'the network: texts cost money',
    exempt: nobody,
  },
  textsSoon: {
    ...{ limit: 3, window: hours(1) },
    counts: 'texts to one number',
    binds: 'everybody: no phone is flooded',
    exempt: nobody,
  },
  textsToNumber: {
    ...{ limit: 6, window: days(1) },
    counts: 'texts to one number in a day',
    binds: 'everybody',
    exempt: nobody,
  },
  textsToBlock: {
    ...{ limit: 20, window: days(1) },
    counts: 'texts to a block of ten thousand numbers',
    binds: 'everybody: numbers that fraud is paid for lie side by side',
    exempt: nobody,
  },
  textsInAll: {
    ...{ limit: 500, window: days(1) },
    counts: 'texts in all (LATCHKEY_SMS_PER_DAY)',
    binds: 'everybody: it ends the damage',
    exempt: nobody,
  },
  failedPasskeysOfBrowser: {
    ...{ limit: 30, window: minutes(10) },
    counts: 'passkeys that failed in one browser',
    binds: 'that browser',
    exempt: nobody,
    way: 'other',
  },
  failedPasskeysOfNetwork: {
    ...{ limit: 30, window: minutes(10) },
    counts: 'passkeys that failed from one network',
    binds: 'browsers there in which one failed before',
    exempt: 'browsers in which none has failed',
    way: 'other',
  },
  signInNotices: {
    ...{ limit: 10, window: days(1) },
    counts: 'mails about sign-ins in new browsers to one account',
    binds: 'those mails; the sign-ins are in the activity',
    exempt: nobody,
  },
} satisfies Record<string, Row>;
