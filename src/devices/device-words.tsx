import type { ComponentChild } from 'preact';
import { minutes } from '../clock.ts';
import { Stranger, Time } from '../web/components.tsx';
import type { PageContext } from '../web/page.ts';
import { cleanText } from './device-text.ts';
import type { Device } from './devices.ts';

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 60],
  ['month', 30 * 24 * 60],
  ['week', 7 * 24 * 60],
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
];

/**
 * "3 days ago" and the instant itself, to be compared with one's own memory; `brief` leaves the instant to machines,
 * `show` gives only its time where the day is said already.
 */
export function Ago(props: { page: PageContext; at: number; now: number; brief?: boolean; show?: 'time' }) {
  const { page, at, now } = props;
  if (props.brief) return <time dateTime={new Date(at).toISOString()}>{inWords(page, at, now)}</time>;
  return (
    <>
      {inWords(page, at, now)} (<Time page={page} at={at} {...(props.show ? { show: props.show } : {})} />)
    </>
  );
}

function inWords({ t, locale }: PageContext, at: number, now: number): string {
  const unit = units.find(([, length]) => now - at >= minutes(length));
  if (!unit) return t('devices.justNow');
  const [name, length] = unit;
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(
    -Math.floor((now - at) / minutes(length)),
    name,
  );
}

/** The country's name in the reader's language; the bare code if nobody has heard of it. */
export function countryName(locale: string, code: string | undefined): string | undefined {
  if (!code || !/^[A-Z]{2}$/.test(code)) return undefined;
  return new Intl.DisplayNames(locale, { type: 'region' }).of(code);
}

/** What the person calls it; a device without a name is called by its app. */
export const deviceName = (device: Device): string => device.name || device.clientName;

const knownScopes = ['openid', 'profile', 'email', 'offline_access'];
const unknownShown = 10;

/** Known scopes in words, others as they are: isolated and capped, because the app chose them (F15). */
export function Scopes({ page, scope }: { page: PageContext; scope: readonly string[] }) {
  const { t } = page;
  const others = scope.filter((name) => !knownScopes.includes(name));
  const words: ComponentChild[] = [
    ...knownScopes.filter((name) => scope.includes(name)).map((name) => t(`devices.scope.${name}`)),
    ...others.slice(0, unknownShown).map((name) => <Stranger>{cleanText(name, 60) ?? '?'}</Stranger>),
  ];
  if (others.length > unknownShown) words.push(t('devices.scope.more', { count: others.length - unknownShown }));
  if (words.length === 0) return <>{t('devices.scope.none')}</>;
  return (
    <ul class="plain-list">
      {words.map((word) => (
        <li>{word}</li>
      ))}
    </ul>
  );
}
