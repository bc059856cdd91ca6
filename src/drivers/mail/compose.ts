import type { SendMailOptions } from 'nodemailer';
import { AppError } from '../../errors.ts';
import type { Message } from './mail.ts';

/** A message as the library takes it; the same for every way of sending, so that a file shows what SMTP would carry. */
export function compose(message: Message, from: string): SendMailOptions {
  return {
    from,
    // As an object, the address is never parsed: a comma or a bracket cannot add a recipient.
    to: { name: '', address: bareAddress(message.to) },
    subject: message.subject,
    text: message.text,
    html: message.html,
    // RFC 3834 §5: no vacation notes in answer to what nobody wrote by hand.
    headers: { 'Auto-Submitted': 'auto-generated' },
    // A text that looks like a path or an address is a text.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function bareAddress(text: string): string {
  if (!/^[^\s,;:<>()[\]\\"@\p{Cc}]+@[^\s,;<>()\\"@\p{Cc}]+$/u.test(text)) {
    throw new AppError('bad_request', 'That is not one bare mail address.');
  }
  return text;
}
