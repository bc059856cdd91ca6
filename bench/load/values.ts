import { readFileSync } from 'node:fs';
import type { Values } from './load.ts';
import { fieldOf } from './request.ts';

/** Hands out the values of a file, by number; the bytes are copied into requests without becoming strings. */
export type ValueSource = {
  readonly width: number;
  /** Undefined when every value has been used, or is on its way. */
  next(): number | undefined;
  write(value: number, into: Buffer, at: number): void;
  /** The answer to a request with this value has come. */
  answered(value: number, text: string): void;
};

const newline = 0x0a;

export function openValues({ file, use, field = '' }: Values): ValueSource {
  const bytes = readFileSync(file);
  const width = bytes.indexOf(newline);
  const count = bytes.length / (width + 1);
  if (width < 1 || !Number.isInteger(count)) throw new Error(`The lines of ${file} are not all of one length.`);
  const order = shuffled(count);
  let used = 0;
  let free = count;

  return {
    width,
    next() {
      if (use === 'once' && used === count) return undefined;
      if (use === 'chained' && free === 0) return undefined;
      free--;
      return order[used++ % count];
    },
    write(value, into, at) {
      const start = value * (width + 1);
      bytes.copy(into, at, start, start + width);
    },
    answered(value, text) {
      if (use !== 'chained') return;
      const next = fieldOf(text, field);
      if (next?.length !== width) throw new Error(`The answer has no next ${field}: ${text.slice(-300)}`);
      bytes.write(next, value * (width + 1), 'latin1');
      // The order is a ring as long as there are values, so the place behind the last free one is not in use.
      order[(used + free++) % count] = value;
    },
  };
}

function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const swapped = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = swapped;
  }
  return order;
}
