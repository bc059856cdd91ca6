import { Lead, LinkButton } from './components.tsx';
import { DoneMark } from './content.tsx';
import type { Page } from './page.ts';

type Way = { href: string; label: string };

/** A mail's link was confirmed: `goOn` where it began, `goBack` in words where the link was opened on another device. */
export function linkConfirmedPage(props: { title: string; next: { goOn: Way } | { goBack: string } }): Page {
  const { title, next } = props;
  return {
    title,
    content: (
      <>
        <DoneMark />
        <h1>{title}</h1>
        {'goOn' in next ? <Onward way={next.goOn} /> : <Lead>{next.goBack}</Lead>}
      </>
    ),
  };
}

/** Used, run out, replaced by a newer one, or never ours: from outside these are one. */
export function linkDeadPage({ title, text, again }: { title: string; text: string; again: Way }): Page {
  return {
    title,
    status: 404,
    content: (
      <>
        <h1>{title}</h1>
        <Lead>{text}</Lead>
        <Onward way={again} />
      </>
    ),
  };
}

function Onward({ way }: { way: Way }) {
  return (
    <p>
      <LinkButton href={way.href} kind="primary">
        {way.label}
      </LinkButton>
    </p>
  );
}
