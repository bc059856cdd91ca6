/**
 * What a number of waiting devices asks of servers, PostgreSQL and Valkey, by arithmetic; `capacity-simulation.ts` plays
 * the same out device by device. Times in seconds unless a name says otherwise. docs/scale.md explains the formulas.
 */
export type Load = {
  approvedShare: number;
  timeToApprove: number;
  heldShare: number;
  affinity: number;
  signInShare: number;
  linkedPerWaiting: number;
};

export type Product = {
  pollInterval: number;
  crowdInterval: number;
  crowd: number;
  heldFor: number;
  mostHeld: number;
  codeLife: number;
  accessTokenLife: number;
  catchUpEvery: number;
  catchUpWindow: number;
  poolConnections: number;
};

type Work = 'issue' | 'signIn' | 'approve' | 'redeem' | 'refresh';
export type DatabaseWork = Record<`${Work}Writes` | `${Work}Reads`, number>;

/** Microseconds of a core, bytes, and MiB for the base. */
export type Costs = Record<Work | 'poll' | 'heldPoll' | 'firstSight' | 'decisionHeard' | 'catchUpRow', number> &
  Record<'codeMemory' | 'heldMemory' | 'baseMemory', number>;

export type Limits = {
  coreUse: number;
  databaseWrites: number;
  databaseReads: number;
  databaseRows: number;
  databaseConnections: number;
  valkeyCommands: number;
  sharedUse: number;
};

export type Inputs = { load: Load; product: Product; database: DatabaseWork; costs: Costs; limits: Limits };

/** Per second, but for `interval`. */
export type Flow = {
  /** Between two polls of a device that is not held. */
  interval: number;
  codes: number;
  approvals: number;
  polls: number;
  heldPolls: number;
  refreshes: number;
};

export type Plan = Flow & {
  waiting: number;
  processes: number;
  cores: number;
  /** Codes that one process knows, and what they and the held polls take in it, in MiB. */
  codesKnown: number;
  memory: number;
  heldPerProcess: number;
  firstSights: number;
  databaseWrites: number;
  databaseReads: number;
  catchUpRows: number;
  databaseConnections: number;
  valkeyCommands: number;
  /** What is nearest to its limit among what processes share, and how near: 1 is the limit. */
  bottleneck: Shared;
  use: number;
};

export type Shared =
  | 'PostgreSQL: writes'
  | 'PostgreSQL: reads'
  | 'PostgreSQL: catching up'
  | 'PostgreSQL: connections'
  | 'Valkey'
  | 'hearing of decisions';

/** How long a code waits on average: an exponential wait that the code's life cuts off, or all of its life. */
export function meanWait({ approvedShare, timeToApprove }: Load, codeLife: number): number {
  const approved = timeToApprove * (1 - Math.exp(-codeLife / timeToApprove));
  return approvedShare * approved + (1 - approvedShare) * codeLife;
}

/** Little's law turns devices that wait into codes a second. */
export function flowOf(waiting: number, { load, product }: Inputs, interval: number): Flow {
  const codes = waiting / meanWait(load, product.codeLife);
  const inTime = 1 - Math.exp(-product.codeLife / load.timeToApprove);
  return {
    interval,
    codes,
    approvals: codes * load.approvedShare * inTime,
    polls: (waiting * (1 - load.heldShare)) / interval,
    heldPolls: (waiting * load.heldShare) / product.heldFor,
    refreshes: (waiting * load.linkedPerWaiting) / product.accessTokenLife,
  };
}

/**
 * How far codes spread over `processes` when each request may meet any of them: the share of waiting codes that one
 * process knows, and the processes that a code meets in its life. The process that issued it is the first.
 */
export function spread(
  processes: number,
  interval: number,
  load: Load,
  codeLife: number,
): { known: number; met: number } {
  const { approvedShare, timeToApprove, affinity } = load;
  const missed = 1 - 1 / processes;
  if (missed === 0) return { known: 1, met: 1 };
  // A process is missed by `n` requests with probability missed^n, and a code of age `a` has made a/interval of them.
  const c = -Math.log(missed) / interval;
  const approvedAge = cutOff(c + 1 / timeToApprove, codeLife);
  const approvedWeight = approvedShare * timeToApprove * (1 - Math.exp(-codeLife / timeToApprove));
  const otherWeight = (1 - approvedShare) * codeLife;
  const missedNow =
    (approvedShare * approvedAge + (1 - approvedShare) * cutOff(c, codeLife)) / (approvedWeight + otherWeight);
  const atEnd = (rate: number) => Math.exp(-rate * codeLife);
  // Approved ones end at a random age, or at the end of their life like the others.
  const approvedEnd = approvedAge / timeToApprove + atEnd(c + 1 / timeToApprove);
  const missedAtEnd = approvedShare * approvedEnd + (1 - approvedShare) * atEnd(c);
  const scattered = { known: 1 - missed * missedNow, met: processes * (1 - missed * missedAtEnd) };
  return {
    known: affinity / processes + (1 - affinity) * scattered.known,
    met: affinity + (1 - affinity) * scattered.met,
  };
}

/** The integral of e^(-rate × age) over a code's life. */
const cutOff = (rate: number, life: number): number => (1 - Math.exp(-rate * life)) / rate;

/** The fewest processes that carry the load, with what that asks of everything behind them. */
export function plan(waiting: number, inputs: Inputs): Plan {
  // What each process does for all of the others grows with them, so more can be too few again: try upwards.
  let processes = 1;
  for (let turn = 0; turn < 200; turn++) {
    const tried = planWith(waiting, processes, inputs);
    const needed = Math.max(
      Math.ceil(tried.cores / inputs.limits.coreUse),
      Math.ceil((waiting * inputs.load.heldShare) / inputs.product.mostHeld),
      1,
    );
    if (needed <= processes) return tried;
    processes = Math.min(needed, Math.ceil(processes * 1.5));
  }
  return planWith(waiting, processes, inputs);
}

/** Independent cells, each with databases of its own, so many that in none of them what is shared is near its limit. */
export function planCells(waiting: number, inputs: Inputs): { cells: number; cell: Plan } {
  let cells = 1;
  for (;;) {
    const cell = plan(waiting / cells, inputs);
    if (cell.use <= inputs.limits.sharedUse) return { cells, cell };
    cells = Math.max(cells + 1, Math.ceil(cells * Math.min(cell.use / inputs.limits.sharedUse, 1.2)));
  }
}

/** The same with a given number of processes. */
export function planWith(waiting: number, processes: number, inputs: Inputs): Plan {
  const { load, product, database, costs, limits } = inputs;
  const shared = processes > 1;
  // Devices are told to come less often by processes that know many codes.
  const usual = spread(processes, product.pollInterval, load, product.codeLife);
  const interval = waiting * usual.known > product.crowd ? product.crowdInterval : product.pollInterval;
  const flow = flowOf(waiting, inputs, interval);
  const polled = spread(processes, interval, load, product.codeLife);
  const heldSpread = spread(processes, product.heldFor, load, product.codeLife);
  const mixed = (one: number, other: number) => one * (1 - load.heldShare) + other * load.heldShare;
  const codesKnown = waiting * mixed(polled.known, heldSpread.known);
  const firstSights = flow.codes * (mixed(polled.met, heldSpread.met) - 1);
  const signIns = flow.approvals * load.signInShare;
  const rates: Record<Work, number> = {
    issue: flow.codes,
    signIn: signIns,
    approve: flow.approvals,
    redeem: flow.approvals,
    refresh: flow.refreshes,
  };
  const works = Object.entries(rates) as [Work, number][];
  const sum = (of: (work: Work) => number) => works.reduce((total, [work, rate]) => total + rate * of(work), 0);

  const catchUpRows = shared ? (processes * flow.approvals * product.catchUpWindow) / product.catchUpEvery : 0;
  const heard = shared ? processes * flow.approvals : 0;
  const micros =
    sum((work) => costs[work]) +
    flow.polls * costs.poll +
    flow.heldPolls * costs.heldPoll +
    firstSights * costs.firstSight +
    heard * costs.decisionHeard +
    catchUpRows * costs.catchUpRow;
  const cores = micros / 1e6;
  const heldPerProcess = (waiting * load.heldShare) / processes;
  const mebibyte = 2 ** 20;
  const databaseWrites = sum((work) => database[`${work}Writes`]);
  const databaseReads = sum((work) => database[`${work}Reads`]) + firstSights;
  const databaseConnections = processes * product.poolConnections;
  // A counter for each code issued, about ten commands for what a person does, one message for each decision.
  const valkeyCommands = shared ? flow.codes + signIns * 6 + flow.approvals * 5 + heard : 0;

  const uses: Record<Shared, number> = {
    'PostgreSQL: writes': databaseWrites / limits.databaseWrites,
    'PostgreSQL: reads': databaseReads / limits.databaseReads,
    'PostgreSQL: catching up': catchUpRows / limits.databaseRows,
    'PostgreSQL: connections': databaseConnections / limits.databaseConnections,
    Valkey: valkeyCommands / limits.valkeyCommands,
    // No further process makes this less: each hears of all decisions.
    'hearing of decisions':
      (heard * costs.decisionHeard + catchUpRows * costs.catchUpRow) / processes / 1e6 / limits.coreUse,
  };
  const [bottleneck, use] = (Object.entries(uses) as [Shared, number][]).reduce((most, one) =>
    one[1] > most[1] ? one : most,
  );
  return {
    ...flow,
    waiting,
    processes,
    cores,
    codesKnown,
    memory: costs.baseMemory + (codesKnown * costs.codeMemory + heldPerProcess * costs.heldMemory) / mebibyte,
    heldPerProcess,
    firstSights,
    databaseWrites,
    databaseReads,
    catchUpRows,
    databaseConnections,
    valkeyCommands,
    bottleneck,
    use,
  };
}
