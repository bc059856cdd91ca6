import {
  BackLink,
  Button,
  ButtonRow,
  CardList,
  DeviceIcon,
  Form,
  Lead,
  LinkButton,
  Notice,
  Stranger,
  Tag,
} from '../web/components.tsx';
import { EmptyState } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { Ago, countryName, deviceName } from './device-words.tsx';
import type { Device } from './devices.ts';
import { unusedAfter } from './unused-devices.ts';

/** What has just ended, if the list is shown after that: one device, or all. */
export type Ended = Device | 'all' | undefined;

export function devicesPage(props: { page: PageContext; devices: Device[]; now: number; ended: Ended }): Page {
  const { page, devices } = props;
  return {
    title: page.t('devices.list.title'),
    content: (
      <>
        <h1>{page.t('devices.list.title')}</h1>
        <EndedNotice page={page} ended={props.ended} />
        {devices.length === 0 ? <NoDevices page={page} /> : <DeviceList {...props} />}
      </>
    ),
  };
}

function EndedNotice({ page, ended }: { page: PageContext; ended: Ended }) {
  const { t } = page;
  if (!ended) return null;
  if (ended === 'all') {
    return (
      <Notice kind="done" title={t('devices.list.allUnlinked')}>
        <p>{t('devices.list.allUnlinkedText')}</p>
      </Notice>
    );
  }
  return (
    <Notice kind="done" title={t('devices.list.unlinked', { name: deviceName(ended) })}>
      <p>{t('devices.list.unlinkedText')}</p>
    </Notice>
  );
}

/** A5: with nothing linked, say where a code comes from and what to do with it. */
function NoDevices({ page }: { page: PageContext }) {
  const { t } = page;
  return (
    <EmptyState title={t('devices.empty.title')}>
      <p>{t('devices.empty.where')}</p>
      <p>{t('devices.empty.then')}</p>
      <LinkButton href="/link" kind="primary">
        {t('devices.empty.button')}
      </LinkButton>
    </EmptyState>
  );
}

function DeviceList({ page, devices, now }: { page: PageContext; devices: Device[]; now: number }) {
  const { t } = page;
  const cards = devices.map((device) => ({
    href: `/devices/${device.id}`,
    picture: <DeviceIcon type={device.type} />,
    title: <Stranger>{deviceName(device)}</Stranger>,
    meta: <DeviceFacts page={page} device={device} now={now} />,
    tag: now - (device.lastUsedAt ?? device.linkedAt) > unusedAfter && (
      <Tag kind="unusual">{t('devices.list.unused')}</Tag>
    ),
  }));
  return (
    <>
      <Lead>{t('devices.list.lead')}</Lead>
      <CardList cards={cards} label={t('devices.list.title')} />
      <ButtonRow>
        <LinkButton href="/link" kind="primary">
          {t('devices.list.link')}
        </LinkButton>
        {devices.length > 1 && (
          <LinkButton href="/devices/unlink-all">{t('devices.list.unlinkAll', { count: devices.length })}</LinkButton>
        )}
      </ButtonRow>
    </>
  );
}

function DeviceFacts({ page, device, now }: { page: PageContext; device: Device; now: number }) {
  const { t, locale } = page;
  const { lastUsedAt } = device;
  const place = countryName(locale, device.country);
  return (
    <>
      <Stranger>{device.clientName}</Stranger>
      <br />
      {t('devices.lastUsed')}:{' '}
      {lastUsedAt === undefined ? t('devices.neverUsed') : <Ago page={page} at={lastUsedAt} now={now} brief />}
      <br />
      {t('devices.linked')}: <Ago page={page} at={device.linkedAt} now={now} brief />
      {place && ` · ${place}`}
    </>
  );
}

export function unlinkAllPage({ page, devices }: { page: PageContext; devices: Device[] }): Page {
  const { t } = page;
  return {
    title: t('devices.all.title'),
    content: (
      <>
        <BackLink href="/devices">{t('devices.back')}</BackLink>
        <h1>{t('devices.all.title')}</h1>
        <p>{t('devices.all.text')}</p>
        <ul>
          {devices.map((device) => (
            <li>
              <Stranger>{deviceName(device)}</Stranger>
            </li>
          ))}
        </ul>
        <Form page={page} action="/devices/unlink-all">
          <ButtonRow>
            <Button kind="stop" name="action" value="unlink-all">
              {t('devices.all.button')}
            </Button>
            <LinkButton href="/devices">{t('devices.keep')}</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  };
}
