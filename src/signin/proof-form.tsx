import type { PageContext } from '../web/page.ts';
import type { ProofOptions, ProofResult } from './signin.ts';

/** The words for a failed proof. */
export function proofError(page: PageContext, failure: Extract<ProofResult, { ok: false }>): string {
  return page.t(failure.error, failure.retryAt === undefined ? {} : { time: new Date(failure.retryAt) });
}

/**
 * One form that proves it is still them: passkey first, else password (and code). Posts `password` and `code`, or
 * `credential`, to `action`. `error` is already translated; the page that shows it sets `hasErrors`.
 */
export function ProofForm(props: {
  page: PageContext;
  action: string;
  options: ProofOptions;
  error?: string | undefined;
  submitLabel: string;
}) {
  return <form method="post" action={props.action} aria-label={props.submitLabel} />;
}
