import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds } from '../machine.ts';
import { Arrivals } from './arrivals.ts';
import { type Answer, Connection } from './connection.ts';
import { Latencies } from './latencies.ts';
import type { AnswerKind, LoadOrder, LoadResult } from './load.ts';
import { buildRequest, fieldOf } from './request.ts';
import type { ValueSource } from './values.ts';

/** One order: opens connections, warms up, measures, waits for what is on its way. */
export class Run {
  readonly #order: LoadOrder;
  readonly #source: ValueSource | undefined;
  readonly #connections: Connection[];
  readonly #valueAt: number;
  readonly #idle: Connection[] = [];
  readonly #latencies = new Latencies();
  readonly #kinds = new Map<number, AnswerKind>();
  readonly #collected: string[] = [];
  #arrivals: Arrivals | undefined;
  #state: 'warming' | 'measuring' | 'ended' = 'warming';
  /** Settles early: when there is nothing more to send, or something went wrong. */
  readonly #early = Promise.withResolvers<void>();

  constructor(order: LoadOrder, source: ValueSource | undefined) {
    this.#order = order;
    this.#source = source;
    this.#early.promise.catch(() => {});
    const { bytes, valueAt } = buildRequest(order.port, order.request, source?.width ?? 0);
    this.#valueAt = valueAt;
    this.#connections = Array.from(
      { length: order.connections },
      () => new Connection(order.port, bytes, this.#answered, this.#early.reject),
    );
  }

  async finish(): Promise<LoadResult> {
    try {
      await this.#until(Promise.all(this.#connections.map((connection) => connection.opened())));
      const { warmup } = this.#order;
      // Without a warm-up the very first answer counts.
      if (warmup === 0) this.#state = 'measuring';
      this.#start();
      if (warmup > 0) await this.#until(pause(warmup * 1000));
      const result = await this.#measure();
      await this.#settled();
      const { collect } = this.#order;
      if (collect) writeFileSync(collect.file, this.#collected.map((value) => `${value}\n`).join(''));
      return result;
    } finally {
      this.#state = 'ended';
      for (const connection of this.#connections) connection.close();
    }
  }

  #start(): void {
    const now = performance.now();
    const { pace } = this.#order;
    if (pace.kind === 'open') {
      this.#idle.push(...this.#connections);
      this.#arrivals = new Arrivals(pace.rate, now);
      this.#spin();
    } else {
      for (const connection of this.#connections) this.#send(connection, now);
    }
  }

  async #measure(): Promise<LoadResult> {
    const { watch } = this.#order;
    const before = watch.map(cpuSeconds);
    const ownBefore = process.cpuUsage();
    const start = performance.now();
    this.#state = 'measuring';
    await this.#until(pause(this.#order.seconds * 1000));
    this.#state = 'ended';
    const seconds = (performance.now() - start) / 1000;
    const own = process.cpuUsage(ownBefore);
    return {
      requests: this.#latencies.count,
      seconds,
      latency: this.#latencies.summary(),
      answers: [...this.#kinds.values()],
      // A helper of a database may end meanwhile; what it used is lost, and little.
      cpu: Object.fromEntries(watch.map((pid, i) => [pid, (cpuSeconds(pid) ?? before[i] ?? 0) - (before[i] ?? 0)])),
      generatorBusy: (own.user + own.system) / 1e6 / seconds,
    };
  }

  /** Sends the next value, or leaves the connection idle if there is none. */
  #send(connection: Connection, due: number): void {
    if (this.#source) {
      const value = this.#source.next();
      if (value === undefined) {
        this.#idle.push(connection);
        if (this.#idle.length === this.#connections.length) this.#early.resolve();
        return;
      }
      connection.value = value;
      this.#source.write(value, connection.request, this.#valueAt);
    }
    connection.due = due;
    connection.send();
  }

  readonly #answered = (connection: Connection, answer: Answer): void => {
    const now = performance.now();
    try {
      this.#note(connection, answer, now);
    } catch (error) {
      this.#early.reject(error as Error);
      return;
    }
    const due = this.#arrivals ? this.#arrivals.take(now) : now;
    if (this.#state === 'ended' || due === undefined) this.#idle.push(connection);
    else this.#send(connection, due);
  };

  #note(connection: Connection, answer: Answer, now: number): void {
    this.#source?.answered(connection.value, answer.text);
    if (this.#order.collect) this.#collect(answer, this.#order.collect.field);
    if (this.#state !== 'measuring') return;
    this.#latencies.add(now - connection.due);
    const key = answer.status * 100_000 + answer.length;
    const kind = this.#kinds.get(key);
    if (kind) kind.count++;
    else this.#kinds.set(key, { status: answer.status, length: answer.length, count: 1, sample: bodyOf(answer) });
    if (this.#latencies.count === this.#order.limit) this.#early.resolve();
  }

  #collect(answer: Answer, field: string): void {
    const value = fieldOf(answer.text, field);
    if (value === undefined) throw new Error(`An answer has no ${field}: ${answer.status} ${bodyOf(answer)}`);
    this.#collected.push(value);
  }

  /** An open loop looks at the clock all the time: timers are too coarse for arrivals microseconds apart. */
  readonly #spin = (): void => {
    if (this.#state === 'ended') return;
    const { pace } = this.#order;
    const polite = pace.kind === 'open' && pace.polite;
    const now = performance.now();
    while (this.#idle.length > 0) {
      const due = this.#arrivals?.take(now);
      const connection = due === undefined ? undefined : this.#idle.pop();
      if (due === undefined || !connection) break;
      // That a polite loop slept is not the server's delay.
      this.#send(connection, polite ? now : due);
      if (this.#idle.at(-1) === connection) break;
    }
    if (polite) setTimeout(this.#spin, 1);
    else setImmediate(this.#spin);
  };

  #until(work: Promise<unknown>): Promise<unknown> {
    return Promise.race([work, this.#early.promise]);
  }

  /** Waits for the answers on their way, for a while. */
  async #settled(): Promise<void> {
    for (let tries = 0; tries < 500 && this.#idle.length < this.#connections.length; tries++) await pause(10);
  }
}

const bodyOf = ({ text, bodyAt }: Answer): string => text.slice(bodyAt, bodyAt + 2000);
