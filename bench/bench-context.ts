import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Load } from './load/load.ts';
import { canPin, serverCore } from './machine.ts';
import type { Options, WorkloadName } from './options.ts';
import type { Running, StartWishes, Target } from './targets/target.ts';

/** One number that was measured, with everything needed to find its like. */
export type Measurement = {
  workload: WorkloadName;
  target: string;
  /** What else distinguishes it, such as how many codes waited. */
  variant?: string;
  repetition: number;
  /** By name; units are in the names. */
  figures: Record<string, number>;
  /** Answers that were not what a correct server says. */
  wrong?: number;
};

/** What every workload is handed. */
export type Context = {
  options: Options;
  load: Load;
  say(line: string): void;
  note(measurement: Measurement): void;
  /** Something a reader of the report must know. */
  remark(text: string): void;
  start(target: Target, wishes?: Partial<StartWishes>): Promise<Running>;
};

type Kept = { measurements: Measurement[]; remarks: string[] };
type Ending = { stopServers(): Promise<void>; end(): Promise<void> };

/** Every server that was started is stopped and its folder removed when the bench ends, however it ends. */
export function createContext(options: Options, load: Load): Context & Kept & Ending {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const running = new Set<Running>();
  const measurements: Measurement[] = [];
  const remarks: string[] = [];
  let started = 0;
  const stopServers = async (): Promise<void> => {
    // Those that joined another's database first.
    for (const server of [...running].reverse()) await server.stop();
  };
  return {
    options,
    load,
    measurements,
    remarks,
    say: (line) => process.stdout.write(`${line}\n`),
    note: (measurement) => void measurements.push(measurement),
    remark(text) {
      if (!remarks.includes(text)) remarks.push(text);
    },
    async start(target, wishes = {}) {
      const folder = join(root, `${++started}-${target.name}`);
      mkdirSync(folder);
      const server = await target.start({ folder, core: canPin ? serverCore : undefined, ...wishes });
      const stop = server.stop;
      running.add(server);
      server.stop = async () => {
        if (!running.delete(server)) return;
        await stop();
        rmSync(folder, { recursive: true, force: true });
      };
      return server;
    },
    stopServers,
    async end() {
      await stopServers().catch(() => {});
      rmSync(root, { recursive: true, force: true });
    },
  };
}
