import type { Activity } from '../activity/activity.ts';
import { ActivityRows } from '../activity/activity-rows.tsx';
import { shownAddress } from '../addresses/addresses.ts';
import { days } from '../clock.ts';
import { deviceName } from '../devices/device-words.tsx';
import {
  Button,
  ButtonRow,
  CardList,
  DeviceIcon,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  Stranger,
  SummaryList,
  Tag,
  Time,
} from '../web/components.tsx';
import { DoneMark } from '../web/content.tsx';
import type { Page, PageContext } from '../web/page.ts';
import type { Overview } from './home.ts';
import { levelTags } from './home-pages.tsx';
import { type Advice, placeOf } from './protection.ts';

export const checkupSteps = ['ways', 'devices', 'addresses', 'activity'] as const;
export type CheckupStep = (typeof checkupSteps)[number];

const unusedAfter = days(90);

type StepProps = {
  page: PageContext;
  overview: Overview;
  now: number;
  activity: Awaited<ReturnType<Activity['recent']>>;
};

/** One question at a time: is this still yours, and as you want it? */
export function checkupPage(props: StepProps & { step: CheckupStep }): Page {
  const { page, step } = props;
  const { t } = page;
  const number = checkupSteps.indexOf(step) + 1;
  const noDevices = step === 'devices' && props.overview.devices.length === 0;
  return {
    title: t(`home.checkup.${step}`),
    content: (
      <>
        <p class="step-of">{t('home.checkup.step', { number, of: checkupSteps.length })}</p>
        <h1>{t(`home.checkup.${step}`)}</h1>
        <Lead>{t(noDevices ? 'home.checkup.noDevices' : `home.checkup.${step}.lead`)}</Lead>
        {step === 'ways' && <Ways {...props} />}
        {step === 'devices' && !noDevices && <DeviceCards {...props} />}
        {step === 'addresses' && <AddressRows {...props} />}
        {step === 'activity' && (
          <ActivityRows page={page} rows={props.activity} now={props.now} label={t('home.checkup.activity')} />
        )}
        <Form page={page} action={`/checkup/${step}`}>
          <ButtonRow>
            <Button>{t(number === checkupSteps.length ? 'home.checkup.finish' : 'home.checkup.next')}</Button>
            {!noDevices && <LinkButton href={changeAt[step]}>{t(`home.checkup.${step}.change`)}</LinkButton>}
          </ButtonRow>
        </Form>
      </>
    ),
  };
}

const changeAt: Record<CheckupStep, string> = {
  ways: '/security',
  devices: '/devices',
  addresses: '/security/addresses',
  activity: '/activity',
};

function Ways({ page, overview }: StepProps) {
  const { t } = page;
  const { methods, level, advice } = overview;
  const yes = (value: boolean): string => t(value ? 'home.yes' : 'home.no');
  return (
    <>
      <SummaryList
        rows={[
          {
            label: t('home.protection'),
            value: <Tag kind={levelTags[level]}>{t(`home.level.${level}`)}</Tag>,
          },
          { label: t('home.way.passkeys'), value: t('home.count', { count: methods.passkeys }) },
          { label: t('home.way.password'), value: yes(methods.password) },
          methods.password && { label: t('home.way.app'), value: yes(methods.app) },
          methods.keys > 0 && { label: t('home.way.keys'), value: t('home.count', { count: methods.keys }) },
          (methods.app || methods.keys > 0) && {
            label: t('home.way.codes'),
            value: t('home.left', { count: methods.recoveryCodes }),
          },
        ]}
      />
      <AdviceList page={page} advice={advice} />
    </>
  );
}

/** What would help, each with the place to do it. */
function AdviceList({ page, advice }: { page: PageContext; advice: readonly Advice[] }) {
  if (advice.length === 0) return <Notice kind="done" title={page.t('home.checkup.nothing')} />;
  return (
    <CardList
      label={page.t('home.checkup.advice')}
      cards={advice.map((one) => ({
        href: placeOf[one],
        title: page.t(`home.advice.${one}`),
        meta: page.t(`home.advice.${one}.why`),
      }))}
    />
  );
}

function DeviceCards({ page, overview, now }: StepProps) {
  const { t } = page;
  const { devices } = overview;
  return (
    <CardList
      label={t('home.devices')}
      cards={devices.map((device) => ({
        href: `/devices/${device.id}`,
        picture: <DeviceIcon type={device.type} />,
        title: <Stranger>{deviceName(device)}</Stranger>,
        meta: (
          <>
            <Stranger>{device.clientName}</Stranger> ·{' '}
            <Time page={page} at={device.lastUsedAt ?? device.linkedAt} show="date" />
          </>
        ),
        tag: now - (device.lastUsedAt ?? device.linkedAt) > unusedAfter && (
          <Tag kind="unusual">{t('devices.list.unused')}</Tag>
        ),
      }))}
    />
  );
}

function AddressRows({ page, overview }: StepProps) {
  const { t } = page;
  const { account, addresses } = overview;
  return (
    <>
      <SummaryList
        rows={[
          { label: t('home.address.own'), value: <LeftToRight>{account.email}</LeftToRight> },
          ...addresses.map((address) => ({
            label: t(`home.address.${address.kind}`),
            value: <LeftToRight>{shownAddress(address)}</LeftToRight>,
          })),
        ]}
      />
      {addresses.length === 0 && <AdviceList page={page} advice={['addAddress']} />}
    </>
  );
}

export function checkupDonePage({ page, overview }: { page: PageContext; overview: Overview }): Page {
  const { t } = page;
  const { level, advice } = overview;
  return {
    title: t('home.checkup.done'),
    content: (
      <>
        <DoneMark />
        <h1>{t('home.checkup.done')}</h1>
        <Lead>{t(`home.checkup.done.${level}`)}</Lead>
        {advice.length > 0 && (
          <section>
            <h2>{t('home.checkup.still')}</h2>
            <AdviceList page={page} advice={advice} />
          </section>
        )}
        <LinkButton href="/account" kind="primary">
          {t('home.checkup.home')}
        </LinkButton>
      </>
    ),
  };
}
