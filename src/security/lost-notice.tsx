import { Button, Form, Notice } from '../web/components.tsx';
import type { PageContext } from '../web/page.ts';

/** E30: reported lost, and how it counts again. */
export function LostNotice({ page, action }: { page: PageContext; action: string }) {
  const { t } = page;
  return (
    <Notice kind="unusual" title={t('security.lost.title')}>
      <p>{t('security.lost.text')}</p>
      <Form page={page} action={action}>
        <Button kind="secondary" name="action" value="resume">
          {t('security.lost.resume')}
        </Button>
      </Form>
    </Notice>
  );
}
