import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, createContext } from './bench-context.ts';
import { drawChart } from './chart.ts';
import { judgeGoals } from './goals.ts';
import { startLoad } from './load/load.ts';
import { canPin, describeMachine, leaveServerCore, otherCore } from './machine.ts';
import { type Options, readOptions, UsageError, usage, type WorkloadName } from './options.ts';
import { goalLines, writeReport } from './report.ts';
import { stopSharedStores } from './targets/targets.ts';
import { measureAttack } from './workloads/attack.ts';
import { measureCosts } from './workloads/costs.ts';
import { measureIssue } from './workloads/issue.ts';
import { measureLatency } from './workloads/latency.ts';
import { measureMemory } from './workloads/memory.ts';
import { measurePoll } from './workloads/poll.ts';
import { measureProcesses } from './workloads/processes.ts';
import { measureRedeem } from './workloads/redeem.ts';
import { measureRefresh } from './workloads/refresh.ts';
import { measureStartup } from './workloads/startup.ts';

const workloads: Record<WorkloadName, (context: Context) => Promise<void>> = {
  issue: measureIssue,
  poll: measurePoll,
  redeem: measureRedeem,
  refresh: measureRefresh,
  latency: measureLatency,
  memory: measureMemory,
  startup: measureStartup,
  processes: measureProcesses,
  costs: measureCosts,
  attack: measureAttack,
};

async function bench(options: Options): Promise<void> {
  const started = performance.now();
  mkdirSync(options.results, { recursive: true });
  leaveServerCore();
  const load = await startLoad({ core: canPin ? otherCore : undefined });
  const context = createContext(options, load);
  // Interrupted, it must still stop what it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(130)));
  }
  const end = async (): Promise<void> => {
    await context.end();
    await load.stop();
    await stopSharedStores();
  };
  try {
    for (const workload of options.workloads) {
      context.say(`\n${workload}`);
      await workloads[workload](context);
      await context.stopServers();
    }
  } finally {
    await end();
  }

  const { measurements, remarks } = context;
  const judged = judgeGoals(measurements, options);
  const facts = {
    options,
    measurements,
    judged,
    remarks,
    machine: describeMachine(),
    versions: versions(),
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    minutes: (performance.now() - started) / 60_000,
    pinned: canPin,
  };
  const write = (name: string, text: string): void => writeFileSync(join(options.results, name), text);
  write('report.md', writeReport(facts, 'report.svg'));
  write('report.svg', drawChart(measurements));
  write('measurements.jsonl', measurements.map((one) => `${JSON.stringify(one)}\n`).join(''));
  context.say(`\n${goalLines(judged).join('\n')}\n\n${join(options.results, 'report.md')}`);
}

/** Of what was measured besides ourselves. */
function versions(): string {
  const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
  return ['oidc-provider', 'better-auth', 'fastify']
    .map(
      (name) =>
        `${name} ${(JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string }).version}`,
    )
    .join(', ');
}

/** Like the command: exit code 2 for what was typed in a way that cannot be run. */
async function main(words: string[]): Promise<void> {
  const options = understood(words);
  if (options === 'help') process.stdout.write(usage);
  else if (options) await bench(options);
}

function understood(words: string[]): Options | 'help' | undefined {
  try {
    return readOptions(words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`bench: ${error.message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

await main(process.argv.slice(2));
