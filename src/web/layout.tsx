import { renderToString } from 'preact-render-to-string';
import type { Assets } from './assets.ts';
import { Button, Form, Time } from './components.tsx';
import { localeNames, locales } from './messages.ts';
import type { Page, PageContext } from './page.ts';
import { PasskeyUpgrade } from './passkey-signals.tsx';
import { Mark } from './pictures.tsx';

/** The whole document around a page: header, main, footer, always in the same places. */
export function renderDocument(context: PageContext, page: Page, assets: Assets): string {
  return `<!doctype html>${renderToString(<Document context={context} page={page} assets={assets} />)}`;
}

function Document({ context, page, assets }: { context: PageContext; page: Page; assets: Assets }) {
  const { t, locale, dir, theme } = context;
  const title = `${page.title} – ${t('web.brand')}`;
  return (
    <html lang={locale} dir={dir} data-theme={theme === 'auto' ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === 'auto' ? 'light dark' : theme} />
        <meta name="robots" content="noindex" />
        <title>{page.hasErrors ? `${t('web.errorPrefix')} ${title}` : title}</title>
        {assets.fonts.map((font) => (
          <link rel="preload" href={font} as="font" type="font/woff2" crossOrigin="anonymous" />
        ))}
        <link rel="stylesheet" href={assets.style} />
        <link rel="icon" href={assets.icon} type="image/svg+xml" />
        {page.handsOverTo === undefined ? (
          <script type="module" src={assets.script} data-meter={assets.meter} />
        ) : (
          <script defer src={assets.press} />
        )}
        {page.goesTo !== undefined && <meta http-equiv="refresh" content={`0; url=${page.goesTo}`} />}
        {page.refreshAfter !== undefined && (
          <noscript>
            <meta http-equiv="refresh" content={String(page.refreshAfter)} />
          </noscript>
        )}
      </head>
      <body>
        <a class="skip" href="#main">
          {t('web.layout.skip')}
        </a>
        {page.handsOverTo === undefined ? <Header context={context} /> : <Brand context={context} />}
        {page.handsOverTo === undefined && <RecoveryBanner context={context} />}
        <main id="main" tabIndex={-1}>
          {page.content}
        </main>
        {page.handsOverTo === undefined && <Footer context={context} />}
        {context.passkeyUpgrade && <PasskeyUpgrade csrf={context.csrf} />}
      </body>
    </html>
  );
}

/** Pages of a signed-in person at home; the one-question pages of a task carry no such distraction. */
const places = ['/account', '/devices', '/security', '/activity', '/profile'] as const;
/** Pages that belong to a place without being below it. */
const belongsTo: ReadonlyMap<string, string> = new Map([
  ['checkup', '/account'],
  ['sessions', '/activity'],
]);
const homely = /^\/(account|checkup|profile|devices|security|activity|sessions|accounts|help)(\/|\?|$)/;

function Header({ context }: { context: PageContext }) {
  const { t, person, path } = context;
  const here = path.split('?')[0] ?? '/';
  const [, top = ''] = here.split('/');
  const within = belongsTo.get(top) ?? `/${top}`;
  return (
    <header class="header">
      <div class="header-row">
        <a class="brand" href="/">
          <Mark />
          <span>{t('web.brand')}</span>
        </a>
        <AccountTile context={context} />
      </div>
      {person && homely.test(path) && (
        <nav class="nav" aria-label={t('web.nav.label')}>
          <ul>
            {places.map((place) => (
              <li>
                <a href={place} aria-current={here === place ? 'page' : place === within ? 'true' : undefined}>
                  {t(`web.nav.${place.slice(1)}`)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </header>
  );
}

/** Whose page it is, where nothing may lead away from it. */
function Brand({ context }: { context: PageContext }) {
  return (
    <header class="header">
      <div class="header-row">
        <span class="brand">
          <Mark />
          <span>{context.t('web.brand')}</span>
        </span>
      </div>
    </header>
  );
}

/** On every page of the account, because a mail alone can be missed; one press stops it (E20). */
function RecoveryBanner({ context }: { context: PageContext }) {
  const { t, recovery } = context;
  if (!recovery) return null;
  return (
    <aside class="banner" aria-labelledby="recovery-banner">
      <h2 id="recovery-banner">{t('web.recovery.title')}</h2>
      <p>{t.rich('web.recovery.text', { date: <Time page={context} at={recovery.endsAt} /> })}</p>
      <Form page={context} action="/recover/cancel">
        <Button kind="stop">{t('web.recovery.stop')}</Button>
      </Form>
    </aside>
  );
}

function AccountTile({ context }: { context: PageContext }) {
  const { t, person, otherAccounts, path } = context;
  if (!person) {
    if (/^\/(signin|signup|recover)/.test(path)) return null;
    return (
      <a class="account account-none" href="/signin">
        {t('web.account.signIn')}
      </a>
    );
  }
  return (
    <a class="account" href="/accounts">
      <span class="account-initial" aria-hidden="true">
        {[...person.name][0]?.toUpperCase()}
      </span>
      <span class="account-text">
        <span class="unseen">{t('web.account.signedInAs')} </span>
        <bdi class="account-name">{person.name}</bdi>
        <bdi class="account-email" dir="ltr">
          {person.email}
        </bdi>
      </span>
      {otherAccounts > 0 && <span class="unseen">{t('web.account.others', { count: otherAccounts })}</span>}
    </a>
  );
}

const themes = ['auto', 'light', 'dark'] as const;

function Footer({ context }: { context: PageContext }) {
  const { t, locale, theme } = context;
  return (
    <footer class="footer">
      <ul class="footer-links">
        <li>
          <a href="/help">{t('web.footer.help')}</a>
        </li>
        <li>
          <a href="/help/privacy">{t('web.footer.privacy')}</a>
        </li>
        <li>
          <a href="/help/accessibility">{t('web.footer.accessibility')}</a>
        </li>
      </ul>
      <div class="footer-row">
        {' '}
        <Switch context={context} label={t('web.footer.language')}>
          {locales.map((each) => (
            <button
              class="switch"
              name="locale"
              value={each}
              lang={each}
              aria-current={each === locale ? 'true' : undefined}
              type="submit"
            >
              <bdi>{localeNames[each]}</bdi>
            </button>
          ))}
        </Switch>
        <Switch context={context} label={t('web.footer.theme')}>
          {themes.map((each) => (
            <button
              class="switch"
              name="theme"
              value={each}
              aria-current={each === theme ? 'true' : undefined}
              type="submit"
            >
              {t(`web.theme.${each}`)}
            </button>
          ))}
        </Switch>
      </div>{' '}
    </footer>
  );
}

function Switch(props: { context: PageContext; label: string; children: import('preact').ComponentChildren }) {
  return (
    <form class="switches" method="post" action="/settings/display" aria-label={props.label}>
      <input type="hidden" name="csrf" value={props.context.csrf} />
      <input type="hidden" name="next" value={props.context.path} />
      {props.children}
    </form>
  );
}
