import type { ComponentChild } from 'preact';
import {
  BackLink,
  Button,
  CardList,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  Tag,
  Time,
} from '../web/components.tsx';
import type { Page, PageContext } from '../web/page.ts';
import { type Address, mostAddresses, shownAddress } from './addresses.ts';

/** What can be said to have just happened; anything else after `?done=` says nothing. */
const dones = ['emailAdded', 'emailRemoved', 'phoneAdded', 'phoneRemoved', 'phoneResumed', 'ownChanged'];

export function addressesPage(props: {
  page: PageContext;
  own: string;
  listed: Address[];
  /** Are texts sent at all? */
  texts: boolean;
  done: unknown;
}): Page {
  const { page, own, done } = props;
  const { t } = page;
  const emails = props.listed.filter(({ kind }) => kind === 'email');
  const phones = props.listed.filter(({ kind }) => kind === 'phone');
  return {
    title: t('addresses.list.title'),
    content: (
      <>
        <BackLink href="/security">{t('addresses.back.security')}</BackLink>
        {typeof done === 'string' && dones.includes(done) && <Notice kind="done">{t(`addresses.done.${done}`)}</Notice>}
        <h1>{t('addresses.list.title')}</h1>
        <Lead>{t('addresses.list.lead')}</Lead>
        <section>
          <h2>{t('addresses.own.heading')}</h2>
          <CardList
            cards={[
              { href: '/security/email', title: <LeftToRight>{own}</LeftToRight>, meta: t('addresses.own.text') },
            ]}
          />
          <p>
            <LinkButton href="/security/email">{t('addresses.own.change')}</LinkButton>
          </p>
        </section>
        <Listed page={page} kind="email" addresses={emails} canAdd />
        {(props.texts || phones.length > 0) && (
          <Listed page={page} kind="phone" addresses={phones} canAdd={props.texts}>
            <p>{t('addresses.phone.weak')}</p>
          </Listed>
        )}
      </>
    ),
  };
}

function Listed(props: {
  page: PageContext;
  kind: 'email' | 'phone';
  addresses: Address[];
  canAdd: boolean;
  children?: ComponentChild;
}) {
  const { page, kind, addresses } = props;
  const { t } = page;
  const full = addresses.length >= mostAddresses;
  const cards = addresses.map((address) => ({
    href: `/security/addresses/${encodeURIComponent(address.id)}`,
    title: <LeftToRight>{shownAddress(address)}</LeftToRight>,
    tag: address.suspendedAt !== undefined && <Tag kind="unusual">{t('addresses.lost.tag')}</Tag>,
    meta: t.rich('addresses.added', { date: <Time page={page} at={address.addedAt} show="date" /> }),
  }));
  return (
    <section>
      <h2>{t(`addresses.${kind}.heading`)}</h2>
      {addresses.length === 0 && <p>{t(`addresses.${kind}.none`)}</p>}
      {props.children}
      {addresses.length > 0 && <CardList cards={cards} />}
      {props.canAdd && full && <p>{t('addresses.full', { count: mostAddresses })}</p>}
      {props.canAdd && !full && (
        <p>
          <LinkButton href={`/security/addresses/${kind}/new`}>{t(`addresses.${kind}.add`)}</LinkButton>
        </p>
      )}
    </section>
  );
}

/** One address, and the way to remove it. */
export function addressPage({ page, address }: { page: PageContext; address: Address }): Page {
  const { t } = page;
  const { kind } = address;
  return {
    title: t(`addresses.remove.${kind}`),
    content: (
      <>
        <BackLink href="/security/addresses">{t('addresses.back.list')}</BackLink>
        <h1>{t(`addresses.remove.${kind}`)}</h1>
        <Lead>
          <LeftToRight>{shownAddress(address)}</LeftToRight>
        </Lead>
        {address.suspendedAt !== undefined && (
          <Notice kind="unusual" title={t('addresses.lost.title')}>
            <p>{t('addresses.lost.text')}</p>
            <Form page={page} action={`/security/addresses/${encodeURIComponent(address.id)}`}>
              <Button kind="secondary" name="action" value="resume">
                {t('addresses.lost.resume')}
              </Button>
            </Form>
          </Notice>
        )}
        <p>{t('addresses.remove.text')}</p>
        <Form page={page} action={`/security/addresses/${encodeURIComponent(address.id)}`}>
          <Button kind="stop" name="action" value="remove">
            {t('addresses.remove.button')}
          </Button>
        </Form>
      </>
    ),
  };
}
