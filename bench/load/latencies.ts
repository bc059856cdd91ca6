import type { Latency } from './load.ts';

/** Every latency is kept, so that percentiles are exact. */
export class Latencies {
  #values = new Float64Array(1 << 16);
  count = 0;

  add(milliseconds: number): void {
    if (this.count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.count++] = milliseconds;
  }

  summary(): Latency {
    const sorted = this.#values.slice(0, this.count).sort();
    const at = (share: number): number => sorted[Math.min(this.count - 1, Math.floor(this.count * share))] ?? 0;
    const mean = this.count === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / this.count;
    return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}
