import type { FastifyRequest } from 'fastify';
import type { Reader, Words } from '../addresses/addresses.ts';
import { countryName } from '../devices/device-words.tsx';
import type { Places } from '../drivers/places/places.ts';
import { browserName } from '../signin/browser-name.ts';
import { renderMail, timeInMail } from '../web/mail-layout.tsx';

export type Change =
  | 'passkeyAdded'
  | 'passkeyMade'
  | 'passkeyRemoved'
  | 'keyAdded'
  | 'keyRemoved'
  | 'passwordChanged'
  | 'appAdded'
  | 'appRemoved'
  | 'passkeyResumed'
  | 'keyResumed'
  | 'appResumed'
  | 'recoveryCodesMade'
  | 'savedCodeMade';

/** Tells the owner, out of band, that a way to sign in has changed (E29): of which account, when, with what and where. */
export function changeMail(change: Change, request: FastifyRequest, places: Places): (reader: Reader) => Words {
  const at = request.server.web.clock.now();
  const country = places.countryOf(request.headers);
  const { browser, system } = browserName(request.headers['user-agent']);
  return ({ t, locale, dir, issuer, email }) => {
    const named = browser && system ? t('security.mail.browserOn', { browser, system }) : (browser ?? system);
    const place = countryName(locale, country);
    const title = t(`security.mail.${change}`);
    const content = renderMail({
      t,
      locale,
      dir,
      title,
      paragraphs: [t('security.mail.you')],
      facts: [
        { label: t('security.mail.account'), value: email },
        { label: t('security.mail.time'), value: timeInMail(locale, at) },
        ...(named ? [{ label: t('security.mail.browser'), value: named }] : []),
        ...(place ? [{ label: t('security.mail.place'), value: place }] : []),
      ],
      action: { label: t('security.mail.button'), url: `${issuer}/security` },
      after: [t('security.mail.notYou')],
    });
    return { subject: title, ...content };
  };
}
