import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What an operator watches, as plain verbs: rooms call them without knowing who listens.
 * Labels take words from our own code only; a stranger's text there would grow the memory without end.
 */
export type Metrics = {
  codeIssued(): void;
  decided(kind: 'approved' | 'declined' | 'reported'): void;
  /** A well-formed user code that names no request of this person's (security.md J6). */
  wrongCode(): void;
  polled(answer: PollAnswer): void;
  redeemed(): void;
  /** A lost token answer given again (decision 14). */
  answeredAgain(): void;
  mailed(result: 'sent' | 'failed'): void;
  /** `route` is the template, such as `/devices/:id`; `duration` in milliseconds. */
  answered(request: { method: string; route: string; status: number; duration: number }): void;
  /** Hands in how to count the codes that wait for a person; asked when metrics are read. */
  watchWaiting(count: () => number | Promise<number>): void;
  /** The Prometheus text format. */
  read(): Promise<{ contentType: string; text: string }>;
};

/** RFC 8628 §3.5 and RFC 6749 §5.2, or `tokens`. */
export type PollAnswer =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'
  | 'tokens'
  | 'other';

/** From an answer out of memory to a page that checks a password, in seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `latchkey_${name}`, help, labelNames, registers: [registry] });

  const issued = counter('codes_issued_total', 'Device authorization requests answered with a code.');
  const decisions = counter('decisions_total', 'Decisions of people on a device, by kind.', ['kind']);
  const wrong = counter('wrong_codes_total', 'Well-formed user codes that named no request.');
  const polls = counter('polls_total', 'Polls of devices, by answer.', ['answer']);
  const redemptions = counter('redemptions_total', 'Approved codes turned into tokens.');
  const again = counter('token_answers_replayed_total', 'Token answers given again to a client that lost them.');
  const mails = counter('mails_total', 'Mails handed to the next hop, by result.', ['result']);
  const requests = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: durations,
    registers: [registry],
  });

  return {
    codeIssued: () => issued.inc(),
    decided: (kind) => decisions.inc({ kind }),
    wrongCode: () => wrong.inc(),
    polled: (answer) => polls.inc({ answer }),
    redeemed: () => redemptions.inc(),
    answeredAgain: () => again.inc(),
    mailed: (result) => mails.inc({ result }),
    answered: ({ method, route, status, duration }) =>
      requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, duration / 1000),
    watchWaiting(count) {
      new Gauge({
        name: 'latchkey_waiting_codes',
        help: 'Codes that wait for a person.',
        registers: [registry],
        async collect() {
          this.set(await count());
        },
      });
    },
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
