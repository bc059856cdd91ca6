import { minutes } from '../clock.ts';

export type Risk = {
  level: 'low' | 'medium' | 'high';
  /** What is unusual, as the last part of a message key; each is said in words on the page. */
  signs: ('other_network' | 'other_country' | 'old')[];
  network: 'same' | 'other' | 'unknown';
};

type Facts = {
  request: { network: string | undefined; country: string | undefined; createdAt: number };
  person: { network: string; country: string | undefined };
  now: number;
};

/**
 * How unusual a request looks beside the person who reviews it (security.md B21, B22, A22; ux.md §3).
 * It only ever adds questions: a phone on mobile data is on another network than the TV, so nothing here refuses.
 */
export function assessRisk({ request, person, now }: Facts): Risk {
  const known = request.network !== undefined && request.network !== 'unknown' && person.network !== 'unknown';
  const network = !known ? 'unknown' : request.network === person.network ? 'same' : 'other';
  const signs: Risk['signs'] = [];
  if (network === 'other') signs.push('other_network');
  if (request.country && person.country && request.country !== person.country) signs.push('other_country');
  if (now - request.createdAt > minutes(5)) signs.push('old');

  const far = signs.includes('other_country');
  const level =
    far || (signs.includes('other_network') && signs.includes('old')) ? 'high' : signs.length > 0 ? 'medium' : 'low';
  return { level, signs, network };
}

/**
 * Whether a sign-in of the last minute may stand in for the proof. Somewhere else a lure that makes people sign in would
 * leave them one press from a stranger's device (fault A8), so that there the proof comes after the review, and so it does
 * where nobody can tell whether it is near.
 */
export function signInStandsIn({ level, network }: Risk): boolean {
  return level === 'low' && network === 'same';
}
