import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../child.ts';

/** One kind of request; `{value}` in the body is replaced by a value of the same length each time. */
export type RequestShape = {
  method?: 'GET' | 'POST';
  path: string;
  type: 'application/x-www-form-urlencoded' | 'application/json';
  body: string;
  headers?: Record<string, string>;
};

/** Where values come from: a file with one per line, all of the same length. The generator remembers how far it got. */
export type Values = {
  file: string;
  /** `shuffled` again and again in random order; `once` each; `chained`: the answer's field is the next value. */
  use: 'shuffled' | 'once' | 'chained';
  /** For `chained`: the field of the answer, such as refresh_token. */
  field?: string;
};

export type LoadOrder = {
  port: number;
  request: RequestShape;
  values?: Values;
  /** Writes this field of every answer to the file, one per line. */
  collect?: { field: string; file: string };
  connections: number;
  /**
   * Closed: every connection sends when it was answered. Open: Poisson arrivals of so many a second.
   * An open loop spins to be on time; a polite one wakes every millisecond, for when others need its core.
   */
  pace: { kind: 'closed' } | { kind: 'open'; rate: number; polite?: boolean };
  /** Not measured, in seconds. */
  warmup: number;
  seconds: number;
  /** Ends the measured part early after so many answers. */
  limit?: number;
  /** Processes whose processor time is read at the start and the end of the measured part. */
  watch: number[];
};

/** Times in milliseconds; those of an open loop count from when the request was due. */
export type Latency = { mean: number; p50: number; p90: number; p99: number; max: number };

/** Answers of one status and length, with one of them to look at. */
export type AnswerKind = { status: number; length: number; count: number; sample: string };

export type LoadResult = {
  requests: number;
  seconds: number;
  latency: Latency;
  answers: AnswerKind[];
  /** Processor seconds by watched process. */
  cpu: Record<number, number>;
  /** Share of one core that the generator used; an open loop spins and always shows about 1. */
  generatorBusy: number;
};

export type Load = {
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
};

/** The generator is a process of its own on a core of its own, so that it takes nothing from the server. */
export async function startLoad({ core }: { core: number | undefined }): Promise<Load> {
  const script = fileURLToPath(new URL('./generator.js', import.meta.url));
  const child: Child = startChild({ script, args: [], core, name: 'generator' });
  await child.ask('ready');
  return {
    run: (order) => child.ask('run', order),
    stop: () => child.stop(),
  };
}
