import { setTimeout as pause } from 'node:timers/promises';
import { openMailFolder } from '../../src/drivers/mail/file.ts';
import { createHttpBrowser, type HttpPage } from '../../test/helpers/http-browser.ts';
import type { LatchkeyRunning } from '../targets/latchkey.ts';
import { clientId } from '../targets/target.ts';

/** Requests a second, all kinds together. */
export const strangersRate = 150;

/** One request, ready to be sent from whichever network. */
type Shot = (network: string) => Promise<number>;

/** Made for the pattern that once read the names of browsers. */
const evilBrowser = 'Version/1'.repeat(1300);
const password = 'plum tractor evening gravel';

/**
 * Strangers without an account, of the three worst kinds found: sign-ins with a browser's name that is hard to read (fault
 * B1), crowds of sign-ups that hash (fault B2), and device requests as large as they may be (fault B3).
 */
export async function inviteStrangers({ port, env }: Pick<LatchkeyRunning, 'port' | 'env'>, crowds: number) {
  const url = `http://localhost:${port}`;
  let sent = 0;
  const network = (): string => `198.${18 + (sent & 1)}.${(sent++ * 7) % 250}.9`;

  const shoot = async (path: string, fields: Record<string, string>, headers: Record<string, string>) => {
    const body = new URLSearchParams(fields).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      body,
      headers: { ...type, ...headers },
      redirect: 'manual',
    });
    await answer.arrayBuffer();
    return answer.status;
  };

  const asking: Shot = (from) =>
    shoot(
      '/device_authorization',
      { client_id: clientId, scope: 'openid', ui_locales: 'de '.repeat(1200) },
      {
        'x-forwarded-for': from,
      },
    );

  /** Each has an address that is nobody's, so that it is hashed for as long as its network is let through. */
  const guessers = await Promise.all(Array.from({ length: 20 }, (_, i) => guesser(`nobody${i}@example.org`)));
  async function guesser(email: string): Promise<Shot> {
    const browser = createHttpBrowser(url, { 'x-forwarded-for': network() });
    const shown = await browser.submit(await browser.open('/signin'), { email });
    return (from) =>
      shoot(
        '/signin/password',
        { csrf: csrfOf(shown), password },
        {
          ...{ cookie: cookiesOf(browser.cookies), 'x-forwarded-for': from, 'user-agent': evilBrowser },
        },
      );
  }

  /** A confirmed mailbox that goes on to protect its account, fifty times at once. */
  const mailboxes: Shot[] = [];
  for (let i = 0; i < crowds; i++) mailboxes.push(await mailbox(`crowd${i}-${Date.now()}@example.org`));
  async function mailbox(email: string): Promise<Shot> {
    const home = network();
    const browser = createHttpBrowser(url, { 'x-forwarded-for': home });
    const asked = await browser.submit(await browser.open('/signup'), { email });
    const mails = await openMailFolder({ data: env.LATCHKEY_DATA ?? '' }).list();
    const text = mails.find(({ to }) => to === email)?.text ?? '';
    const shown = await browser.submit(asked, { code: /^ {4}(\d{4} \d{4})$/m.exec(text)?.[1] ?? '' });
    return () =>
      shoot(
        '/signup/protect',
        { csrf: csrfOf(shown), password },
        {
          ...{ cookie: cookiesOf(browser.cookies), 'x-forwarded-for': home },
        },
      );
  }

  return {
    /** Comes `strangersRate` times a second, a third of each kind, until told to stop; what was answered how often. */
    async attack(signal: AbortSignal): Promise<Record<string, number>> {
      const statuses: Record<string, number> = {};
      const pending = new Set<Promise<void>>();
      const send = (shot: Shot): void => {
        const one = shot(network())
          .catch(() => 0)
          .then((status) => {
            statuses[status] = (statuses[status] ?? 0) + 1;
            pending.delete(one);
          });
        pending.add(one);
      };
      const started = performance.now();
      const third = strangersRate / 3;
      for (let turn = 0; !signal.aborted; turn++) {
        if (turn % third === 0) {
          const crowd = mailboxes.pop();
          if (crowd) for (let i = 0; i < third; i++) send(crowd);
        }
        send(asking);
        send(guessers[turn % guessers.length] ?? asking);
        await pause(Math.max(0, started + (turn * 1000) / third - performance.now()));
      }
      await Promise.all(pending);
      return statuses;
    },
  };
}

const csrfOf = (page: HttpPage): string => page.root.querySelector('input[name="csrf"]')?.getAttribute('value') ?? '';
const cookiesOf = (cookies: Map<string, string>): string =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
