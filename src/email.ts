import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

const label = /^[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const hasLabels = (host: string): boolean => host.split('.').every((part) => label.test(part));

/**
 * The form in which an address is stored and compared, or undefined if it cannot be one.
 * Lower case as a whole: providers that tell `Ann@` from `ann@` are unheard of, and two accounts for one mailbox are not.
 */
export function normaliseEmail(text: string): string | undefined {
  // Composed last: lower case takes some letters apart, and what is read back must be what was written.
  const email = text.trim().toLowerCase().normalize('NFC');
  if (email.length > 254 || !/^[^\s@\p{C}"(),:;<>[\\\]]{1,64}@[^\s@\p{C}]+$/u.test(email)) return undefined;
  const [local, typed = ''] = splitAtHost(email);
  const host = hasLabels(typed) ? oneSpelling(typed) : undefined;
  // A name without a dot is allowed for `localhost` alone: operators of a first start have nothing else.
  return host && (host.includes('.') || host === 'localhost') ? `${local}@${host}` : undefined;
}

/**
 * Browsers send what is typed as `bücher.example` in A-labels (`xn--bcher-kva.example`), other programs as it is: one mailbox,
 * and so one key (RFC 5890 §2.3.2.1, UTS 46). It goes by the A-labels, and is written as people read it, in U-labels.
 */
function oneSpelling(host: string): string | undefined {
  const ascii = domainToASCII(host);
  // Numbers alone are read as an address of the internet, in many spellings.
  if (!ascii || isIP(ascii) || !hasLabels(ascii)) return undefined;
  const readable = domainToUnicode(ascii);
  return hasLabels(readable) ? readable : ascii;
}

/** For programs and mail servers that know ASCII alone: the host in A-labels (RFC 5890 §2.3.2.1). */
export function asciiEmail(email: string): string {
  const [local, host] = splitAtHost(email);
  return `${local}@${domainToASCII(host) || host}`;
}

function splitAtHost(email: string): [local: string, host: string] {
  const at = email.lastIndexOf('@');
  return [email.slice(0, at), email.slice(at + 1)];
}
