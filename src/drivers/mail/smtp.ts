import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import { AppError } from '../../errors.ts';
import { compose } from './compose.ts';
import type { Mail } from './mail.ts';

export type SmtpMail = Mail & {
  /** Connects and signs in without sending anything; rejects if that does not work. */
  verify(): Promise<void>;
};

/**
 * Hands mail to an SMTP server: `smtp://` (with STARTTLS) or `smtps://`, with user and password in the address.
 * Further options of the library may be given as its query, such as `?requireTLS=false`.
 */
export function openSmtpMail(needs: { url: string; from: string; issuer: string }): SmtpMail {
  const { url, from, issuer } = needs;
  const transport = createTransport({
    pool: true,
    maxConnections: 5,
    connectionTimeout: 5000,
    greetingTimeout: 5000,
    socketTimeout: 10_000,
    // Otherwise whoever sits between could strip STARTTLS and read password and codes.
    requireTLS: mustEncrypt(url),
    // RFC 5321 §4.1.1.1: the machine's own name often has no dot, and a server that looks at it refuses `[127.0.0.1]`.
    name: greetingName(issuer),
    url,
  });
  return {
    async send(message) {
      const mail = compose(message, from);
      try {
        await transport.sendMail(mail);
      } catch (cause) {
        throw new AppError('unavailable', 'The mail server did not take the message.', { cause });
      }
    },
    async verify() {
      await transport.verify();
    },
    async close() {
      transport.close();
    },
  };
}

function greetingName(issuer: string): string {
  const { hostname } = new URL(issuer);
  if (isIP(hostname)) return `[${hostname}]`;
  return hostname.replace(/^\[/, '[IPv6:');
}

function mustEncrypt(text: string): boolean {
  const { hostname, username, searchParams } = new URL(text);
  if (searchParams.has('requireTLS')) return searchParams.get('requireTLS') === 'true';
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return username !== '' && !loopback;
}
