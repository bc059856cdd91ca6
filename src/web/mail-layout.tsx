import type { ComponentChild } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { formatLocale, type Locale, type Translate } from './messages.ts';

export type MailContent = {
  t: Translate;
  locale: Locale;
  dir: 'ltr' | 'rtl';
  title: string;
  /** Said before the facts. */
  paragraphs: readonly string[];
  /** Who, what, where, when. */
  facts?: readonly { label: string; value: string }[];
  action?: { label: string; url: string };
  /** A second way, under the button. */
  also?: { label: string; url: string };
  /** Shown in the same plate as on every screen, so that the eye compares plates. */
  code?: string;
  /** Said after the button or the code. */
  after?: readonly string[];
};

/** One mail as text and as HTML; both say the same. No pictures, nothing loaded from anywhere. */
export function renderMail(mail: MailContent): { text: string; html: string } {
  return { text: mailText(mail), html: `<!doctype html>${renderToString(<MailDocument mail={mail} />)}` };
}

/** A mail cannot know the reader's time zone, so it names one. */
export function timeInMail(locale: Locale, at: number): string {
  const options = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const;
  return `${new Intl.DateTimeFormat(formatLocale(locale), options).format(at)} UTC`;
}

/** The same, where a day is near enough. */
export function dateInMail(locale: Locale, at: number): string {
  return new Intl.DateTimeFormat(formatLocale(locale), { dateStyle: 'long', timeZone: 'UTC' }).format(at);
}

function mailText(mail: MailContent): string {
  const facts = mail.facts?.map(({ label, value }) => `${label}: ${value}`).join('\n');
  const action = mail.action && `${mail.action.label}:\n${mail.action.url}`;
  const also = mail.also && `${mail.also.label}:\n${mail.also.url}`;
  const code = mail.code && `    ${mail.code}`;
  const blocks = [mail.title, ...mail.paragraphs, code, facts, action, also, ...(mail.after ?? [])];
  return `${blocks.filter(Boolean).join('\n\n')}\n\n-- \n${mail.t('web.mail.footer')}\n`;
}

// Mail programs drop style sheets but keep style attributes; classes only add the dark theme where it is understood.
const sans = "'Atkinson Hyperlegible Next', 'Atkinson Hyperlegible', system-ui, sans-serif";
const mono = "'Atkinson Hyperlegible Mono', ui-monospace, Menlo, Consolas, monospace";
const dark = `
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .paper { background-color: #14181b !important; color: #eceae4 !important; }
  .plate, .facts { background-color: #1e2428 !important; border-color: #77838a !important; color: #eceae4 !important; }
  .quiet { color: #b1b8bb !important; }
  .button { background-color: #7cc5b9 !important; color: #0b1917 !important; }
  .link { color: #8fd0c5 !important; }
}`;

function MailDocument({ mail }: { mail: MailContent }) {
  const { t, locale, dir, title, action, code } = mail;
  return (
    <html lang={locale} dir={dir}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style>{dark}</style>
      </head>
      <body class="paper" style={`margin:0;padding:24px;background-color:#fbfaf7;color:#15191c;font:17px/1.5 ${sans}`}>
        <div dir={dir} style="max-width:34em;margin:0 auto">
          <p class="quiet" style="margin:0 0 24px;color:#565d61;font-weight:600">
            {t('web.brand')}
          </p>
          <h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">{title}</h1>
          <Paragraphs texts={mail.paragraphs} />
          {code && <MailCode code={code} />}
          {mail.facts && <Facts facts={mail.facts} />}
          {action && <Action action={action} />}
          {mail.also && <Also also={mail.also} />}
          <Paragraphs texts={mail.after ?? []} />
          <p class="quiet" style="margin:32px 0 0;color:#565d61;font-size:15px">
            {t('web.mail.footer')}
          </p>
        </div>
      </body>
    </html>
  );
}

function Paragraphs({ texts }: { texts: readonly string[] }): ComponentChild {
  return texts.map((text) => <p style="margin:0 0 16px">{text}</p>);
}

function MailCode({ code }: { code: string }) {
  const plate = `margin:24px 0;padding:20px;border:2px solid #767d80;border-radius:12px;background-color:#ffffff;text-align:center;font:600 32px/1.2 ${mono};letter-spacing:.08em`;
  return (
    <p class="plate" style={plate}>
      <bdi dir="ltr">{code}</bdi>
    </p>
  );
}

function Facts({ facts }: { facts: readonly { label: string; value: string }[] }) {
  return (
    <table role="presentation" cellpadding="0" cellspacing="0" style="width:100%;margin:0 0 24px">
      {facts.map(({ label, value }) => (
        <tr>
          <td class="quiet" style="padding:6px 0;color:#565d61;vertical-align:top;width:35%">
            {label}
          </td>
          <td style="padding:6px 0;font-weight:600">
            <bdi>{value}</bdi>
          </td>
        </tr>
      ))}
    </table>
  );
}

function Also({ also }: { also: { label: string; url: string } }) {
  return (
    <p style="margin:0 0 24px">
      <a class="link" href={also.url} style="color:#0b5a53">
        {also.label}
      </a>
    </p>
  );
}

function Action({ action }: { action: { label: string; url: string } }) {
  const button =
    'display:inline-block;padding:12px 20px;border-radius:8px;background-color:#0b5a53;color:#ffffff;font-weight:600;text-decoration:none';
  return (
    <>
      <p style="margin:0 0 12px">
        <a class="button" href={action.url} style={button}>
          {action.label}
        </a>
      </p>
      <p style="margin:0 0 24px;font-size:15px;overflow-wrap:anywhere">
        <a class="link" href={action.url} style="color:#0b5a53">
          <bdi dir="ltr">{action.url}</bdi>
        </a>
      </p>
    </>
  );
}
