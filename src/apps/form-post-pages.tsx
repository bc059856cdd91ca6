import type { FormPost, GoBack } from '../engine/form-post.ts';
import { Button, Lead, LinkButton, Stranger } from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { formTarget } from './apps-pages.tsx';

/**
 * Carries an answer to an app (OAuth 2.0 Form Post Response Mode §2): an island presses the button, a person where there
 * are no scripts. The form is another's: it takes nothing of ours along, and the page may post to nobody else (F13).
 */
export function formPostPage({ t }: PageContext, { appName, redirectUri, parameters }: FormPost): Page {
  const app = <Stranger>{appName}</Stranger>;
  return {
    title: t('apps.formPost.title', { app: appName }),
    handsOverTo: formTarget(redirectUri),
    content: (
      <>
        <h1>{t.rich('apps.formPost.heading', { app })}</h1>
        <Lead>{t('apps.formPost.lead')}</Lead>
        <form class="form" method="post" action={redirectUri} data-press>
          {Object.entries(parameters).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <Button>{t('apps.formPost.continue')}</Button>
        </form>
      </>
    ),
  };
}

/** Leads back to an app by itself, so that no form of ours does (`leavesByPage`); a link where browsers do not obey. */
export function goBackPage({ t }: PageContext, { appName, to }: GoBack): Page {
  const app = <Stranger>{appName}</Stranger>;
  return {
    title: t('apps.formPost.title', { app: appName }),
    handsOverTo: formTarget(to),
    goesTo: to,
    content: (
      <>
        <h1>{t.rich('apps.formPost.heading', { app })}</h1>
        <Lead>{t('apps.formPost.lead')}</Lead>
        <p>
          <LinkButton href={to} kind="primary">
            {t('apps.formPost.continue')}
          </LinkButton>
        </p>
      </>
    ),
  };
}
