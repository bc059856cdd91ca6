import type { FastifyRequest } from 'fastify';
import type { Addresses } from '../addresses/addresses.ts';
import type { Reader, Words } from '../addresses/telling.ts';
import { countryName } from '../devices/device-words.tsx';
import type { Places } from '../drivers/places/places.ts';
import type { AccountId, SessionId } from '../ids.ts';
import { browserName } from '../signin/browser-name.ts';
import type { SignedIn } from '../signin/signin.ts';
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

type Kind = 'passkey' | 'key' | 'app' | 'password' | 'recoveryCodes' | 'savedCode' | 'removed' | 'resumed';
export type Undoable = (
  accountId: AccountId,
  by: SessionId,
  change: { kind: Kind; ref?: string | undefined },
) => Promise<string | undefined>;

/** What the page behind the mail's link takes back. */
const kindOf: Readonly<Record<Change, Kind>> = {
  passkeyAdded: 'passkey',
  passkeyMade: 'passkey',
  passkeyResumed: 'resumed',
  passkeyRemoved: 'removed',
  keyAdded: 'key',
  keyResumed: 'resumed',
  keyRemoved: 'removed',
  passwordChanged: 'password',
  appAdded: 'app',
  appResumed: 'resumed',
  appRemoved: 'removed',
  recoveryCodesMade: 'recoveryCodes',
  savedCodeMade: 'savedCode',
};

type Teller = { tell: Addresses['tell']; places: Places; undoable: Undoable };

/** Once the change is made: the mail about it, with the link that takes it back for seven days (fault A2). */
export async function tellChange(
  { tell, places, undoable }: Teller,
  request: FastifyRequest,
  { sessionId, current: { accountId } }: Pick<SignedIn, 'sessionId' | 'current'>,
  change: Change,
  ref?: string,
): Promise<void> {
  const undo = await undoable(accountId, sessionId, { kind: kindOf[change], ref });
  await tell(accountId, changeMail(change, request, places, undo));
}

/** Tells the owner, out of band, that a way to sign in has changed (E29): of which account, when, with what and where. */
function changeMail(
  change: Change,
  request: FastifyRequest,
  places: Places,
  undo: string | undefined,
): (reader: Reader) => Words {
  const at = request.server.web.clock.now();
  const country = places.countryOf(request.headers);
  const { browser, system } = browserName(request.headers['user-agent']);
  return ({ t, locale, dir, issuer, email, settled }) => {
    const look = { label: t('security.mail.button'), url: `${issuer}/security` };
    const back = undo && settled ? { label: t('security.mail.undo'), url: `${issuer}${undo}` } : undefined;
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
      action: back ?? look,
      ...(back && { also: look }),
      after: [t(back ? 'security.mail.undoTime' : 'security.mail.notYou')],
    });
    return { subject: title, ...content };
  };
}
