/** When requests are due: at random moments, so many a second on average (a Poisson process). */
export class Arrivals {
  readonly #gap: number;
  #next: number;

  constructor(rate: number, start: number) {
    this.#gap = 1000 / rate;
    this.#next = start;
    this.#step();
  }

  /** When the next request was due, if that time has come. One that had to wait keeps the time at which it was due. */
  take(now: number): number | undefined {
    if (this.#next > now) return undefined;
    const due = this.#next;
    this.#step();
    return due;
  }

  #step(): void {
    this.#next += -Math.log(1 - Math.random()) * this.#gap;
  }
}
