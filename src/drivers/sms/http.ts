import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { bareNumber } from './number.ts';
import type { Sms } from './sms.ts';

export type HttpSms = Sms & {
  /** Reads the account without sending anything; rejects if address or credentials do not work. */
  verify(): Promise<void>;
};

type Needs = {
  /** `https://<account>:<token>@<host>`; with a path, that is the account's resource, and the user name may be a key. */
  url: string;
  /** A number in E.164, a sender's name, or the id of a messaging service (`MG…`). */
  from: string;
  /** Milliseconds for one answer. */
  timeout?: number;
  /** Milliseconds to wait at least and at most before trying again where there were too many requests. */
  pause?: { least: number; most: number };
};

const mostTries = 3;

/**
 * Hands texts to a provider in the form that several of them share: a form posted to
 * `/2010-04-01/Accounts/<account>/Messages.json`, HTTP basic authentication, problems as JSON with `code`.
 * Credentials stay in one header: they are in no address, and so in no message of an error.
 */
export function openHttpSms(needs: Needs): HttpSms {
  const { timeout = 5000, pause = { least: 500, most: 3000 } } = needs;
  const { resource, authorization } = readAddress(needs.url);
  const sender = /^MG[0-9a-f]{32}$/.test(needs.from) ? 'MessagingServiceSid' : 'From';

  const ask = async (url: string, form?: URLSearchParams): Promise<Response> => {
    try {
      return await fetch(url, {
        method: form ? 'POST' : 'GET',
        headers: { authorization, accept: 'application/json' },
        ...(form ? { body: form } : {}),
        // Elsewhere, nobody has a right to the credentials and the number.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
    } catch (cause) {
      throw new AppError('unavailable', 'The provider of text messages cannot be reached.', { cause });
    }
  };

  return {
    async send({ to, text }) {
      const form = new URLSearchParams({ To: bareNumber(to), [sender]: needs.from, Body: text });
      for (let tries = 1; ; tries += 1) {
        const answer = await ask(`${resource}/Messages.json`, form);
        // RFC 6585 §4: refused before anything was sent, so nobody gets the text twice. After any other failure
        // nobody knows, and the person can ask for another.
        if (answer.status === 429 && tries < mostTries) {
          await answer.body?.cancel();
          await wait(Math.min(pause.most, Math.max(pause.least * tries, retryAfter(answer))));
          continue;
        }
        return await accepted(answer);
      }
    },
    async verify() {
      await accepted(await ask(`${resource}.json`));
    },
    close: async () => {},
  };
}

function readAddress(text: string): { resource: string; authorization: string } {
  const url = new URL(text);
  const [user, token] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const path = url.pathname.replace(/(?<!\/)\/+$/, '') || `/2010-04-01/Accounts/${encodeURIComponent(user)}`;
  return {
    resource: `${url.origin}${path}`,
    authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
  };
}

/** Problems that are about the number, not about us: it does not exist, cannot take texts, or has said no. */
const aboutTheNumber: readonly number[] = [21211, 21408, 21421, 21610, 21612, 21614, 30003, 30005, 30006];

async function accepted(answer: Response): Promise<void> {
  const body = (await answer.json().catch(() => undefined)) as { code?: unknown; status?: unknown } | undefined;
  const refused = answer.ok && (body?.status === 'failed' || body?.status === 'undelivered');
  if (answer.ok && body && !refused) return;
  const code = typeof body?.code === 'number' ? body.code : undefined;
  // The provider's own words may repeat the number; its code says enough to whoever reads the log.
  const detail = code === undefined ? `status ${answer.status}` : `status ${answer.status}, code ${code}`;
  if (code !== undefined && aboutTheNumber.includes(code))
    throw new AppError('bad_request', `The provider of text messages does not reach that number (${detail}).`);
  throw new AppError('unavailable', `The provider of text messages did not take the message (${detail}).`);
}

/** RFC 9110 §10.2.3, in milliseconds; a date is no concern of so short a wait. */
function retryAfter(answer: Response): number {
  const seconds = Number(answer.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
