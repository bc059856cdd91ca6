import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolUse } from './drivers/database/database.ts';

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
  /** A decision that no message told of, found by looking into the database. */
  decisionFoundLate(): void;
  redeemed(): void;
  /** A lost token answer given again (decision 14). */
  answeredAgain(): void;
  /** Milliseconds that a poll took which was answered out of memory; told of some of them. */
  pollTook(duration: number): void;
  /** Milliseconds from a poll to its tokens, without what a client asked to wait. */
  redemptionTook(duration: number): void;
  mailed(result: 'sent' | 'failed'): void;
  texted(result: 'sent' | 'failed'): void;
  /** A trusted proxy has sent something that is no address. */
  unreadableAddress(): void;
  /**
   * `route` is the template, such as `/devices/:id`; `duration` in milliseconds; `held` if the client asked to wait, so
   * that the time says how long a person took and nothing of the server.
   */
  answered(request: { method: string; route: string; status: number; duration: number; held?: boolean }): void;
  /** Hands in what is asked whenever metrics are read. Once only. */
  watch(watched: Watched): void;
  /** The Prometheus text format. */
  read(): Promise<{ contentType: string; text: string }>;
};

/** What is so just now, rather than what has happened. */
export type Watched = {
  /** Codes that wait for a person. */
  waitingCodes(): number | Promise<number>;
  /** Polls held open until a decision. */
  heldPolls(): number | Promise<number>;
  /** Pages that wait for something by an event stream. */
  eventStreams(): number | Promise<number>;
  /** Wrong codes that everybody together may still enter today before new codes become longer. */
  guessesLeft(): number | Promise<number>;
  /** Milliseconds by which the clock of this machine is ahead of the database's. */
  clockSkew(): number | Promise<number>;
  /** Bytes that are free on the database's disk, where this process can see it. */
  headroom?(): number | undefined;
  pool?: (() => PoolUse) | undefined;
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

/** What is answered out of memory, in seconds. */
const quickDurations = [0.0001, 0.00025, 0.0005, ...durations.slice(0, -1)];

/** How long a held poll lasts is up to a person. */
const waits = [0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `latchkey_${name}`, help, labelNames, registers: [registry] });

  const issued = counter('codes_issued_total', 'Device authorization requests answered with a code.');
  const decisions = counter('decisions_total', 'Decisions of people on a device, by kind.', ['kind']);
  const late = counter('decisions_late_total', 'Decisions that no message told of, found in the database.');
  const wrong = counter('wrong_codes_total', 'Well-formed user codes that named no request.');
  const polls = counter('polls_total', 'Polls of devices, by answer.', ['answer']);
  const redemptions = counter('redemptions_total', 'Approved codes turned into tokens.');
  const again = counter('token_answers_replayed_total', 'Token answers given again to a client that lost them.');
  const mails = counter('mails_total', 'Mails handed to the next hop, by result.', ['result']);
  const texts = counter('texts_total', 'Text messages handed to the provider, by result.', ['result']);
  const unreadable = counter(
    'unreadable_addresses_total',
    'Requests in which a trusted proxy sent something that is no address.',
  );
  const requests = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: durations,
    registers: [registry],
  });
  const pollTimes = new Histogram({
    name: 'latchkey_poll_duration_seconds',
    help: 'Time from the head of a poll to its answer, of one of every 16 polls that memory answers.',
    buckets: quickDurations,
    registers: [registry],
  });
  const redemptionTimes = new Histogram({
    name: 'latchkey_redemption_duration_seconds',
    help: 'Time from a poll to its tokens, without polls whose client asked to wait.',
    buckets: quickDurations,
    registers: [registry],
  });
  const heldPolls = new Histogram({
    name: 'latchkey_held_poll_duration_seconds',
    help: 'Time that polls whose client asked to wait were held, up to the decision or the longest wait.',
    buckets: waits,
    registers: [registry],
  });
  const pollCounters = new Map<string, { inc(): void }>();
  watchEventLoop(registry);
  // From zero on: what first appears as one would be no increase to whoever watches.
  for (const kind of ['approved', 'declined', 'reported']) decisions.inc({ kind }, 0);
  for (const result of ['sent', 'failed']) {
    mails.inc({ result }, 0);
    texts.inc({ result }, 0);
  }

  return {
    codeIssued: () => issued.inc(),
    decided: (kind) => decisions.inc({ kind }),
    wrongCode: () => wrong.inc(),
    decisionFoundLate: () => late.inc(),
    polled(answer) {
      // The hottest line of the server: looking a label up costs more than counting.
      const counter = pollCounters.get(answer) ?? polls.labels(answer);
      pollCounters.set(answer, counter);
      counter.inc();
    },
    redeemed: () => redemptions.inc(),
    answeredAgain: () => again.inc(),
    pollTook: (duration) => pollTimes.observe(duration / 1000),
    redemptionTook: (duration) => redemptionTimes.observe(duration / 1000),
    mailed: (result) => mails.inc({ result }),
    texted: (result) => texts.inc({ result }),
    unreadableAddress: () => unreadable.inc(),
    answered({ method, route, status, duration, held }) {
      if (held) heldPolls.observe(duration / 1000);
      else requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, duration / 1000);
    },
    watch: (watched) => watch(registry, watched),
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function watch(registry: Registry, watched: Watched): void {
  const { waitingCodes, heldPolls, eventStreams, guessesLeft, clockSkew, headroom, pool } = watched;
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name: `latchkey_${name}`,
      help,
      registers: [registry],
      async collect() {
        try {
          this.set(await read());
        } catch {
          // What cannot be asked just now is left out: the other numbers are the more needed then.
          this.remove();
        }
      },
    });
  gauge('waiting_codes', 'Codes that wait for a person.', waitingCodes);
  gauge('held_polls', 'Polls held open until a decision.', heldPolls);
  gauge('event_streams', 'Pages that wait for something by an event stream.', eventStreams);
  gauge('guesses_left', 'Wrong codes that may still be entered today before new codes become longer.', guessesLeft);
  const skew = async (): Promise<number> => (await clockSkew()) / 1000;
  gauge('clock_skew_seconds', "How far the clock of this machine is ahead of the database's.", skew);
  if (headroom?.() !== undefined)
    gauge('database_disk_free_bytes', "Bytes that are free on the database's disk.", () => headroom() ?? 0);
  if (!pool) return;
  gauge('database_connections_limit', 'Connections to the database that this process may open.', () => pool().limit);
  gauge('database_connections_used', 'Connections to the database at work.', () => pool().open - pool().idle);
  gauge('database_connections_idle', 'Connections to the database that nobody uses.', () => pool().idle);
  gauge('database_connections_wanted', 'Those who wait for a connection to the database.', () => pool().waiting);
}

/** In milliseconds: how often the event loop is asked whether it is on time. */
const precision = 10;

/** How late the event loop is, since metrics were last read. One late turn delays everybody who waits on this process. */
function watchEventLoop(registry: Registry): void {
  const measured = monitorEventLoopDelay({ resolution: precision });
  measured.enable();
  new Gauge({
    name: 'latchkey_event_loop_delay_seconds',
    help: 'How late the event loop was since metrics were last read.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of [0.5, 0.99, 1]) {
        // What is measured is the time between two looks, of which the wait itself is no delay.
        const late = measured.percentile(quantile * 100) / 1e6 - precision;
        this.set({ quantile: String(quantile) }, Math.max(0, late) / 1000);
      }
      measured.reset();
    },
  });
}
