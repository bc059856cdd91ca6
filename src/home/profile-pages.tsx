import type { Account } from '../account/account.ts';
import { Button, Form, LeftToRight, LinkButton, Notice, SummaryList, TextField } from '../web/components.tsx';
import { Choice } from '../web/content.tsx';
import { localeNames, locales } from '../web/messages.ts';
import type { Page, PageContext } from '../web/page.ts';

const themes = ['auto', 'light', 'dark'] as const;

/** Name, language and theme in one form; everything larger behind a page of its own. */
export function profilePage({ page, account, saved }: { page: PageContext; account: Account; saved: boolean }): Page {
  const { t } = page;
  return {
    title: t('home.profile.title'),
    content: (
      <>
        {saved && <Notice kind="done">{t('home.profile.saved')}</Notice>}
        <h1>{t('home.profile.title')}</h1>
        <Form page={page} action="/profile">
          <TextField
            page={page}
            id="name"
            name="name"
            label={t('home.profile.name')}
            hint={t('home.profile.nameHint')}
            value={account.name ?? ''}
            autoComplete="name"
          />
          <fieldset class="choices">
            <legend>{t('home.profile.language')}</legend>
            {locales.map((locale) => (
              <Choice name="locale" value={locale} checked={locale === page.locale}>
                <bdi lang={locale}>{localeNames[locale]}</bdi>
              </Choice>
            ))}
          </fieldset>
          <fieldset class="choices">
            <legend>{t('home.profile.theme')}</legend>
            {themes.map((theme) => (
              <Choice name="theme" value={theme} checked={theme === page.theme}>
                {t(`web.theme.${theme}`)}
              </Choice>
            ))}
          </fieldset>
          <Button>{t('home.profile.save')}</Button>
        </Form>
        <section>
          <h2>{t('home.profile.email')}</h2>
          <SummaryList
            rows={[
              {
                label: t('home.address.own'),
                value: <LeftToRight>{account.email}</LeftToRight>,
                action: <a href="/security/email">{t('home.profile.changeEmail')}</a>,
              },
            ]}
          />
        </section>
        <section id="export">
          <h2>{t('home.export.title')}</h2>
          <p>{t('home.export.text')}</p>
          <Form page={page} action="/profile/export">
            <Button kind="secondary">{t('home.export.button')}</Button>
          </Form>
        </section>
        <section>
          <h2>{t('home.close.title')}</h2>
          <p>{t('home.close.short')}</p>
          <LinkButton href="/profile/close">{t('home.close.begin')}</LinkButton>
        </section>
      </>
    ),
  };
}
