import { BackLink, CodePlate, DeviceIcon, LinkButton, Notice, SummaryList } from './components.tsx';
import { Steps } from './content.tsx';
import { type CookieName, cookieNames } from './cookies.ts';
import type { Page, PageContext } from './page.ts';

/** Where a code comes from, and what to do after a trick. Answers first, in plain words. */
export function helpPage(page: PageContext): Page {
  const { t } = page;
  return {
    title: t('web.help.title'),
    content: (
      <>
        <h1>{t('web.help.title')}</h1>
        <h2>{t('web.help.code.title')}</h2>
        <p class="pictures">
          <DeviceIcon type="tv" />
          <DeviceIcon type="console" />
          <DeviceIcon type="terminal" />
          <DeviceIcon type="computer" />
        </p>
        <p>{t('web.help.code.text')}</p>
        <CodePlate page={page} code="BCDF-GHJK" label={t('web.help.code.example')} />
        <Steps steps={[t('web.help.code.step1'), t('web.help.code.step2'), t('web.help.code.step3')]} />
        <p>{t('web.codes.reflex')}</p>
        <h2 id="tricked">{t('web.help.tricked.title')}</h2>
        <Notice kind="unusual">
          <p>{t('web.help.tricked.sign')}</p>
        </Notice>
        <p>{t('web.help.tricked.text')}</p>
        <Steps steps={[t('web.help.tricked.step1'), t('web.help.tricked.step2'), t('web.help.tricked.step3')]} />
        <p>
          <LinkButton href="/devices" kind="primary">
            {t('web.help.tricked.devices')}
          </LinkButton>
        </p>
        <h2>{t('web.help.charge.title')}</h2>
        <p>{t('web.help.charge.text')}</p>
      </>
    ),
  };
}

/** What can go wrong with a passkey, each with a way forward: no page that asks for one is a dead end. */
export function passkeyHelpPage(page: PageContext): Page {
  const { t, person } = page;
  return {
    title: t('web.passkeyHelp.title'),
    content: (
      <>
        <h1>{t('web.passkeyHelp.title')}</h1>
        <p class="lead">{t('web.passkeyHelp.text')}</p>
        {['cancelled', 'missing', 'account', 'unsupported', 'lost'].map((trouble) => (
          <section>
            <h2>{t(`web.passkeyHelp.${trouble}.title`)}</h2>
            <p>{t(`web.passkeyHelp.${trouble}.text`)}</p>
          </section>
        ))}
        <p class="buttons">
          <LinkButton href={person ? '/security' : '/signin'} kind="primary">
            {t(person ? 'web.passkeyHelp.security' : 'web.passkeyHelp.again')}
          </LinkButton>
          {!person && <LinkButton href="/signin/other">{t('web.passkeyHelp.other')}</LinkButton>}
        </p>
        <p>
          <a href="/help">{t('web.help.title')}</a>
        </p>
      </>
    ),
  };
}

const cookies: readonly CookieName[] = ['browser', 'session', 'flow', 'locale', 'theme'];

export function privacyPage(page: PageContext, { secure }: { secure: boolean }): Page {
  const { t } = page;
  const nameOf = cookieNames(secure);
  return {
    title: t('web.privacy.title'),
    content: (
      <>
        <BackLink href="/help">{t('web.help.title')}</BackLink>
        <h1>{t('web.privacy.title')}</h1>
        <p class="lead">{t('web.privacy.text')}</p>
        <h2>{t('web.privacy.cookies.title')}</h2>
        <p>{t('web.privacy.cookies.text')}</p>
        {cookies.map((cookie) => (
          <>
            <h3>
              <bdi dir="ltr">{nameOf(cookie)}</bdi>
            </h3>
            <SummaryList
              rows={[
                { label: t('web.privacy.cookies.purpose'), value: t(`web.privacy.cookie.${cookie}.purpose`) },
                { label: t('web.privacy.cookies.expiry'), value: t(`web.privacy.cookie.${cookie}.expiry`) },
              ]}
            />
          </>
        ))}
        <h2>{t('web.privacy.records.title')}</h2>
        <p>{t('web.privacy.records.text')}</p>
      </>
    ),
  };
}

export function accessibilityPage(page: PageContext): Page {
  const { t } = page;
  return {
    title: t('web.accessibility.title'),
    content: (
      <>
        <BackLink href="/help">{t('web.help.title')}</BackLink>
        <h1>{t('web.accessibility.title')}</h1>
        <p class="lead">{t('web.accessibility.text')}</p>
        <ul class="list">
          <li>{t('web.accessibility.keyboard')}</li>
          <li>{t('web.accessibility.zoom')}</li>
          <li>{t('web.accessibility.paste')}</li>
          <li>{t('web.accessibility.scripts')}</li>
          <li>{t('web.accessibility.time')}</li>
        </ul>
        <p>{t('web.accessibility.problem')}</p>
      </>
    ),
  };
}
