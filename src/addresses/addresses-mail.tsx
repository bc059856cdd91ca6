import { type MailContent, renderMail, timeInMail } from '../web/mail-layout.tsx';

/** For whom a mail is written; `email` is the account's own address. */
type Reader = Pick<MailContent, 't' | 'locale' | 'dir'> & { issuer: string; email: string };
/** What takes something back is written for readers of addresses that are not young alone (fault A2). */
type OwnerReader = Reader & { settled: boolean };
type Words = { subject: string; text: string; html: string };
type Rest = Pick<MailContent, 'paragraphs' | 'facts' | 'action' | 'also' | 'code' | 'after'>;

function mail({ t, locale, dir }: Reader, title: string, rest: Rest): Words {
  return { subject: title, ...renderMail({ t, locale, dir, title, ...rest }) };
}

/** The code and the link that confirm an address. The code stays out of the subject, which lock screens show. */
export function confirmMail(reader: Reader, purpose: 'email' | 'own', code: string, url: string): Words {
  const { t, email } = reader;
  return mail(reader, t(`addresses.mail.confirm.${purpose}`), {
    paragraphs: [t(`addresses.mail.confirm.${purpose}Text`, { email }), t('addresses.mail.confirm.code')],
    code: `${code.slice(0, 4)} ${code.slice(4)}`,
    action: { label: t('addresses.mail.confirm.button'), url },
    after: [t('addresses.mail.confirm.time'), t('addresses.mail.confirm.notYou')],
  });
}

/** To an address with an account: the page said the same as for a free one, only its owner learns the truth (F5). */
export function takenMail(reader: Reader): Words {
  const { t, issuer } = reader;
  return mail(reader, t('addresses.mail.taken.title'), {
    paragraphs: [t('addresses.mail.taken.text')],
    action: { label: t('addresses.mail.taken.button'), url: `${issuer}/signin` },
    after: [t('addresses.mail.taken.notYou')],
  });
}

type Change = {
  act: 'added' | 'removed' | 'resumed';
  kind: 'email' | 'phone';
  address: string;
  at: number;
  /** The path of the page that takes it back. */
  undo: string | undefined;
};

export function changeMail(reader: OwnerReader, { act, kind, address, at, undo }: Change): Words {
  const { t, locale, email, issuer, settled } = reader;
  const look = { label: t('addresses.mail.look'), url: `${issuer}/security/addresses` };
  const back = undo && settled ? { label: t('addresses.mail.undo'), url: `${issuer}${undo}` } : undefined;
  return mail(reader, t(`addresses.mail.${act}.${kind}`), {
    paragraphs: [t(`addresses.mail.${act}.text`, { email })],
    facts: [
      { label: t(`addresses.mail.${kind}`), value: address },
      { label: t('addresses.mail.time'), value: timeInMail(locale, at) },
    ],
    action: back ?? look,
    ...(back && { also: look }),
    after: [t(back ? 'addresses.mail.undoTime' : `addresses.mail.${act}.notYou`)],
  });
}

/** `from` and `to` are masked: the old mailbox may be somebody else's by now. */
export function emailChangedMail(
  reader: OwnerReader,
  change: { from: string; to: string; at: number; undoToken: string },
): Words {
  const { t, locale, issuer } = reader;
  return mail(reader, t('addresses.mail.changed.title'), {
    paragraphs: [t('addresses.mail.changed.text'), t('addresses.mail.changed.you')],
    facts: [
      { label: t('addresses.mail.changed.from'), value: change.from },
      { label: t('addresses.mail.changed.to'), value: change.to },
      { label: t('addresses.mail.time'), value: timeInMail(locale, change.at) },
    ],
    ...(reader.settled && {
      action: { label: t('addresses.mail.changed.undo'), url: `${issuer}/security/email/undo/${change.undoToken}` },
      after: [t('addresses.mail.changed.after')],
    }),
  });
}

export function emailPutBackMail(reader: Reader, at: number, address: string): Words {
  const { t, locale, issuer } = reader;
  return mail(reader, t('addresses.mail.putBack.title'), {
    paragraphs: [t('addresses.mail.putBack.text')],
    facts: [
      { label: t('addresses.mail.email'), value: address },
      { label: t('addresses.mail.time'), value: timeInMail(locale, at) },
    ],
    action: { label: t('addresses.mail.putBack.button'), url: `${issuer}/recover` },
    after: [t('addresses.mail.putBack.after')],
  });
}

/** E16: an address that is lost without anybody noticing is one that a stranger may get. */
export function reviewMail(reader: Reader, addresses: readonly string[]): Words {
  const { t, issuer, email } = reader;
  return mail(reader, t('addresses.mail.review.title'), {
    paragraphs: [t('addresses.mail.review.text', { email })],
    facts: addresses.map((value, n) => ({ label: t('addresses.mail.review.nth', { number: n + 1 }), value })),
    action: { label: t('addresses.mail.look'), url: `${issuer}/security/addresses` },
    after: [t('addresses.mail.review.after')],
  });
}
