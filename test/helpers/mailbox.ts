import { once } from 'node:events';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export type ReceivedMail = Email & {
  /** The addresses of the envelope, which decide where a mail goes. */
  envelopeFrom: string;
  envelopeTo: string[];
  /** What the sender called itself (RFC 5321 §4.1.1.1). */
  greeting: string;
};

export type Mailbox = {
  /** For LATCHKEY_SMTP_URL. */
  url: string;
  /** Everything received, oldest first. */
  messages(): ReceivedMail[];
  /**
   * The oldest mail to this address that no earlier call has given, waiting for it if need be; with `holding`, the
   * oldest whose text holds that, such as the path of a link.
   * Rejects after ten seconds, naming what arrived instead.
   */
  waitFor(to: string, holding?: string): Promise<ReceivedMail>;
  /** Answers every mail from now on with a refusal, or takes them again. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
};

/** A real SMTP server on loopback that takes mail for everyone. */
export async function startMailbox(): Promise<Mailbox> {
  const received: ReceivedMail[] = [];
  const given = new Set<ReceivedMail>();
  const waiting = new Set<() => void>();
  let refusing = false;

  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        if (refusing) return callback(new Error('Mailbox is full'));
        const email = await PostalMime.parse(Buffer.concat(chunks));
        const { mailFrom, rcptTo } = session.envelope;
        const envelopeFrom = mailFrom ? mailFrom.address : '';
        received.push({
          ...email,
          envelopeFrom,
          envelopeTo: rcptTo.map((to) => to.address),
          greeting: String(session.hostNameAppearsAs),
        });
        callback();
        for (const look of waiting) look();
      });
    },
  });
  // A client that leaves in the middle is no error of the test.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  const nextTo = (to: string, holding: string): ReceivedMail | undefined =>
    received.find((mail) => !given.has(mail) && mail.envelopeTo.includes(to) && mail.text?.includes(holding));

  return {
    url: `smtp://127.0.0.1:${port}`,
    messages: () => [...received],
    waitFor(to, holding = '') {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const mail = nextTo(to, holding);
          if (!mail) return;
          given.add(mail);
          waiting.delete(look);
          clearTimeout(limit);
          resolve(mail);
        };
        const limit = setTimeout(() => {
          waiting.delete(look);
          const others = received.map((mail) => `${mail.envelopeTo}: ${mail.subject}`).join('; ');
          reject(new Error(`No mail to ${to}. Arrived: ${others || 'nothing'}`));
        }, 10_000);
        waiting.add(look);
        look();
      });
    },
    refuse(value) {
      refusing = value;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
