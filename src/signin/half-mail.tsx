import type { Reader, Words } from '../addresses/telling.ts';
import { type Clock, days, hours } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import type { AccountId } from '../ids.ts';
import { renderMail, timeInMail } from '../web/mail-layout.tsx';
import { formatLocale } from '../web/messages.ts';
import { browserName } from './browser-name.ts';
import type { HalfSignedIn } from './steps.ts';

/** In a browser they have signed in in before, people mistype codes. */
const slips = 3;

/**
 * Tells the owner that somebody knew the password and not the second step (F4), at once if it was a strange browser, at
 * most once a day per account.
 */
export function createHalfSignedInMail(needs: {
  clock: Clock;
  ephemeral: Pick<Ephemeral, 'claim' | 'increment'>;
  /** Writes to every address of the owner. */
  tell(accountId: AccountId, write: (reader: Reader) => Words): Promise<void>;
  notSent: (error: unknown) => void;
}): { halfSignedIn: HalfSignedIn; settled(): Promise<void> } {
  const { clock, ephemeral } = needs;

  const tell = async (...[accountId, from]: Parameters<HalfSignedIn>): Promise<void> => {
    if (from.knownBrowser) {
      const tries = await ephemeral.increment(`half-signed-in:${accountId}:${from.browserId}`, hours(1));
      if (tries < slips) return;
    }
    if (!(await ephemeral.claim(`half-signed-in-mail:${accountId}`, days(1)))) return;
    const at = clock.now();
    await needs.tell(accountId, (reader) => write(reader, { ...from, at }));
  };
  const pending = new Set<Promise<void>>();
  return {
    halfSignedIn(accountId, from) {
      const told = tell(accountId, from).catch(needs.notSent);
      pending.add(told);
      void told.finally(() => pending.delete(told));
    },
    /** When everybody who is being told has been told. */
    settled: async () => void (await Promise.all(pending)),
  };
}

function write(
  reader: Reader,
  { userAgent, country, at }: { userAgent: string | undefined; country: string | undefined; at: number },
): Words {
  const { t, locale, issuer, email } = reader;
  const { browser, system } = browserName(userAgent);
  const unknown = t('signin.half.unknown');
  const named = browser && system ? t('signin.half.browserOn', { browser, system }) : (browser ?? system);
  const place = country && new Intl.DisplayNames([formatLocale(locale)], { type: 'region' }).of(country);
  const subject = t('signin.half.title');
  const content = renderMail({
    ...reader,
    title: subject,
    paragraphs: [t('signin.half.text'), t('signin.half.you')],
    facts: [
      { label: t('signin.half.account'), value: email },
      { label: t('signin.half.with'), value: named ?? unknown },
      { label: t('signin.half.where'), value: place ?? unknown },
      { label: t('signin.half.when'), value: timeInMail(locale, at) },
    ],
    action: { label: t('signin.half.button'), url: `${issuer}/security/password` },
    after: [t('signin.half.after')],
  });
  return { subject, ...content };
}
