import { Button, ButtonRow, Form, LinkButton, Notice, Stranger, SummaryList } from '../web/components.tsx';
import { DoneMark, Steps } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { Ago, countryName, deviceName } from './device-words.tsx';
import type { Device } from './devices.ts';

type UndoProps = { page: PageContext; device: Device; now: number };

/** Reached from the mail, signed in or not. Mail scanners open every link, so this page changes nothing. */
export function undoPage({ page, device, now, token }: UndoProps & { token: string }): Page {
  const { t, locale } = page;
  const title = t('devices.undo.title', { name: deviceName(device) });
  const place = countryName(locale, device.country);
  return {
    title,
    content: (
      <>
        <h1>{title}</h1>
        <p>{t('devices.undo.text')}</p>
        <SummaryList
          rows={[
            { label: t('devices.app'), value: <Stranger>{device.clientName}</Stranger> },
            { label: t('devices.device'), value: <Stranger>{deviceName(device)}</Stranger> },
            !!place && { label: t('devices.place'), value: place },
            { label: t('devices.linked'), value: <Ago page={page} at={device.linkedAt} now={now} /> },
          ]}
        />
        <Form page={page} action={`/devices/undo/${token}`}>
          <Button kind="stop" name="action" value="unlink">
            {t('devices.undo.button')}
          </Button>
        </Form>
        <p>{t('devices.undo.keep')}</p>
      </>
    ),
  };
}

/** The same whether it ended now or before: what counts is that it has. */
export function endedPage({ page, device }: { page: PageContext; device: Device }): Page {
  const { t } = page;
  const title = t('devices.done.title', { name: deviceName(device) });
  return {
    title,
    content: (
      <>
        <DoneMark />
        <h1>{title}</h1>
        <p>{t('devices.done.text')}</p>
        <Notice title={t('devices.done.nextTitle')}>
          <Steps steps={[t('devices.done.nextPassword'), t('devices.done.nextDevices'), t('web.codes.reflex')]} />
        </Notice>
        <ButtonRow>
          <LinkButton href="/security" kind="primary">
            {t('devices.done.security')}
          </LinkButton>
          <LinkButton href="/devices">{t('devices.done.devices')}</LinkButton>
        </ButtonRow>
      </>
    ),
  };
}

export function unknownUndoPage({ page }: { page: PageContext }): Page {
  const { t } = page;
  return {
    title: t('devices.gone.title'),
    status: 404,
    content: (
      <>
        <h1>{t('devices.gone.title')}</h1>
        <p>{t('devices.gone.text')}</p>
        <LinkButton href="/devices" kind="primary">
          {t('devices.done.devices')}
        </LinkButton>
      </>
    ),
  };
}
