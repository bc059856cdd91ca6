import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** Whether processes can be held to one core each: needs Linux, taskset, and a core for each side. */
export const canPin =
  process.platform === 'linux' && availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;

/** The server's core and the core of everything else. */
export const serverCore = 0;
export const otherCore = 1;

/** Moves this process, all its threads and everything it will start to the core of everything else. */
export function leaveServerCore(): void {
  if (canPin) spawnSync('taskset', ['-acp', `${otherCore}`, `${process.pid}`]);
}

const ticksPerSecond = 100;

/** Processor time of all threads of a process so far, user and system, in seconds; undefined if it has ended. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/** The fields after the name, which may itself have spaces and brackets. */
const statFields = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** Processes of these names that this process started, directly or not. */
export function descendants(names: RegExp): number[] {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      parents.set(Number(entry), { parent: Number(statFields(stat)[1]), name });
    } catch {
      // It ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)?.parent;
    return parent === process.pid || (parent !== undefined && parent > 1 && isOurs(parent));
  };
  return [...parents].filter(([pid, { name }]) => names.test(name) && isOurs(pid)).map(([pid]) => pid);
}

/** Bytes of memory that a process keeps resident, shared pages by their share. */
export function residentBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model}, ${memory} GiB, Linux ${release()}, Node.js ${process.version}`;
}
