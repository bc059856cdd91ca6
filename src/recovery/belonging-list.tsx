import { browserWords } from '../activity/activity-rows.tsx';
import { countryName } from '../devices/device-words.tsx';
import { DeviceIcon, LeftToRight, Stranger, Tag, Time } from '../web/components.tsx';
import { EventIcon } from '../web/content.tsx';
import type { PageContext } from '../web/page.ts';
import type { Belonging } from './belongings.ts';

/** The name of its box: a device's is as it always was. */
export const fieldOf = ({ kind, ref }: Pick<Belonging, 'kind' | 'ref'>): string => `${kind}-${ref}`;

/** Each with its picture, when it came and from where, and a box; what is ticked goes with the form. */
export function BelongingList({ page, belongings }: { page: PageContext; belongings: readonly Belonging[] }) {
  const { t } = page;
  if (belongings.length === 0) return null;
  return (
    <fieldset class="choices">
      <legend>{t('recovery.belongings.title')}</legend>
      <p class="quiet">{t('recovery.belongings.text')}</p>
      <ul class="cards events">
        {belongings.map((one, at) => (
          <Row page={page} belonging={one} id={`belonging-${at}`} />
        ))}
      </ul>
    </fieldset>
  );
}

function Row({ page, belonging, id }: { page: PageContext; belonging: Belonging; id: string }) {
  const { t, locale } = page;
  const { kind, at, ticked, removable } = belonging;
  const facts = [browserWords(t, belonging.browser), countryName(locale, belonging.country)].filter(Boolean);
  const isAddress = kind === 'phone' || kind === 'email' || kind === 'own';
  const name = isAddress ? <LeftToRight>{belonging.name}</LeftToRight> : <Stranger>{belonging.name}</Stranger>;
  const kindWords = t(`recovery.belongings.${kind}`);
  const title = belonging.name ? name : kindWords;
  return (
    <li class="card card-ticks">
      <span class="card-picture">
        <Picture belonging={belonging} />
      </span>
      <div class="card-text">
        <p class="card-title">
          {removable ? (
            <label for={id} id={`${id}-name`}>
              {title}
            </label>
          ) : (
            title
          )}
        </p>
        <p class="card-meta">
          {belonging.name && (
            <>
              {kindWords}
              <br />
            </>
          )}
          {t(`recovery.belongings.${kind === 'device' ? 'linked' : 'added'}`)} <Time page={page} at={at} show="date" />
          {facts.length > 0 && (
            <>
              <br />
              {facts.join(' · ')}
            </>
          )}
        </p>
      </div>
      {removable ? (
        // The word stands at the box: a bare tick can be read as "keep". Read aloud, the name follows it.
        <label class="card-tick" id={`${id}-tick`}>
          <span>{t('recovery.belongings.remove')}</span>
          <input
            id={id}
            type="checkbox"
            name={fieldOf(belonging)}
            value="yes"
            checked={ticked}
            aria-labelledby={`${id}-tick ${id}-name`}
          />
        </label>
      ) : (
        <Tag>{t('recovery.belongings.stays')}</Tag>
      )}
    </li>
  );
}

function Picture({ belonging: { kind, type } }: { belonging: Belonging }) {
  if (kind === 'device') return <DeviceIcon type={type} />;
  if (kind === 'phone' || kind === 'app') return <DeviceIcon type="phone" />;
  return <EventIcon kind={kind === 'passkey' || kind === 'key' ? 'key' : 'address'} />;
}
