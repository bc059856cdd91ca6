import type { RecordedEvent } from '../drivers/journal/journal.ts';
import {
  BackLink,
  Button,
  ButtonRow,
  DeviceIcon,
  ErrorSummary,
  Form,
  Notice,
  Stranger,
  SummaryList,
  TextField,
  Time,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { Ago, countryName, deviceName, Scopes } from './device-words.tsx';
import type { Device } from './devices.ts';

export type DevicePageProps = {
  page: PageContext;
  device: Device;
  activity: RecordedEvent[];
  now: number;
  renamed?: boolean;
  /** What was typed as the new name, when nothing of it could be used. */
  badName?: string | undefined;
};

export function devicePage(props: DevicePageProps): Page {
  const { page, device, badName } = props;
  const name = deviceName(device);
  return {
    title: name,
    hasErrors: badName !== undefined,
    ...(badName === undefined ? {} : { status: 400 }),
    content: (
      <>
        <BackLink href="/devices">{page.t('devices.back')}</BackLink>
        {badName !== undefined && (
          <ErrorSummary page={page} errors={[{ field: 'name', text: page.t('devices.detail.nameMissing') }]} />
        )}
        {props.renamed && <Notice kind="done" title={page.t('devices.detail.renamed')} />}
        <DeviceIcon type={device.type} large />
        <h1>
          <Stranger>{name}</Stranger>
        </h1>
        <Facts {...props} />
        <Rename {...props} />
        <Unlink {...props} />
        <Activity {...props} />
      </>
    ),
  };
}

function Facts({ page, device, now }: DevicePageProps) {
  const { t, locale } = page;
  const place = countryName(locale, device.country);
  const type = kinds.includes(device.type ?? '') && t(`devices.type.${device.type}`);
  const model = device.model && t('devices.modelReported', { model: device.model });
  const used =
    device.lastUsedAt === undefined ? t('devices.neverUsed') : <Ago page={page} at={device.lastUsedAt} now={now} />;
  return (
    <SummaryList
      rows={[
        { label: t('devices.app'), value: <Stranger>{device.clientName}</Stranger> },
        !!type && { label: t('devices.type'), value: type },
        !!model && { label: t('devices.model'), value: model },
        { label: t('devices.may'), value: <Scopes page={page} scope={device.scope} /> },
        { label: t('devices.linked'), value: <Ago page={page} at={device.linkedAt} now={now} /> },
        !!place && { label: t('devices.place'), value: place },
        { label: t('devices.lastUsed'), value: used },
        { label: t('devices.expires'), value: <Time page={page} at={device.expiresAt} show="date" /> },
      ]}
    />
  );
}

const kinds = ['tv', 'terminal', 'console', 'phone', 'computer', 'kiosk'];

function Rename({ page, device, badName }: DevicePageProps) {
  const { t } = page;
  return (
    <Form page={page} action={`/devices/${device.id}`}>
      <TextField
        page={page}
        id="name"
        name="name"
        label={t('devices.detail.rename')}
        hint={t('devices.detail.renameHint')}
        value={badName ?? device.name}
        error={badName === undefined ? undefined : t('devices.detail.nameMissing')}
      />
      <Button kind="secondary" name="action" value="rename">
        {t('devices.detail.renameButton')}
      </Button>
    </Form>
  );
}

function Unlink({ page, device }: DevicePageProps) {
  const { t } = page;
  return (
    <>
      <h2>{t('devices.detail.unlink')}</h2>
      <p>{t('devices.detail.unlinkText')}</p>
      <p>{t('devices.detail.reportText')}</p>
      <Form page={page} action={`/devices/${device.id}`}>
        <ButtonRow>
          <Button kind="stop" name="action" value="unlink">
            {t('devices.detail.unlink')}
          </Button>
          <Button kind="secondary" name="action" value="report">
            {t('devices.detail.report')}
          </Button>
        </ButtonRow>
      </Form>
    </>
  );
}

/** Events of which a person can make sense; the rest is for the operator. */
const shownEvents = ['approved', 'redeemed', 'redeemed_again', 'replayed', 'renamed'];

function Activity({ page, activity }: DevicePageProps) {
  const { t } = page;
  const rows = activity.filter(({ type }) => shownEvents.includes(type));
  return (
    <>
      <h2>{t('devices.detail.activity')}</h2>
      {rows.length === 0 ? (
        <p>{t('devices.detail.noActivity')}</p>
      ) : (
        <SummaryList
          rows={rows.map(({ type, at }) => ({
            label: <Time page={page} at={at} />,
            value: t(`devices.event.${type}`),
          }))}
        />
      )}
    </>
  );
}
