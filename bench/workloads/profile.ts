import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from '../bench-context.ts';
import type { LoadResult } from '../load/load.ts';
import type { Running } from '../targets/target.ts';

type CallFrame = { functionName: string; url: string; lineNumber: number };
type Node = { id: number; callFrame: CallFrame; children?: number[] };
type Profile = { nodes: Node[]; samples: number[]; timeDeltas: number[] };

/** Samples one run of a warm server; the file opens in Chrome's developer tools. */
export async function profileRun(
  { options, say }: Context,
  server: Running,
  name: string,
  run: () => Promise<LoadResult>,
): Promise<void> {
  const file = resolve(join(options.results, `${name}.cpuprofile`));
  await server.startProfile();
  const { requests } = await run();
  await server.stopProfile(file);
  const { functions, files, packages, busy } = sumUp(JSON.parse(readFileSync(file, 'utf8')) as Profile);
  say(`\nWhere the time of ${name} goes, in µs of each request while sampled`);
  say(list('functions themselves', functions, 30, busy, requests));
  say(list('files, with what they call in Node.js', files, 30, busy, requests));
  say(list('rooms and packages, likewise', packages, 20, busy, requests));
  say(`${file}\n`);
}

/** Time by function, and by the file that is to blame: native work counts for the one that asked for it. */
function sumUp({ nodes, samples, timeDeltas }: Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  const packages = new Map<string, number>();
  let busy = 0;
  const ownerOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame?.url.startsWith('file:')) return placeOf(frame.url);
    }
    return byId.get(id)?.callFrame.functionName.startsWith('(') ? nameOf(byId.get(id)?.callFrame) : 'Node.js itself';
  };
  for (const [i, id] of samples.entries()) {
    const frame = byId.get(id)?.callFrame;
    const micros = timeDeltas[i] ?? 0;
    // The sampler's own start and end are not the server's work.
    if (!frame || frame.functionName === '(idle)' || frame.url.startsWith('node:inspector')) continue;
    busy += micros;
    const owner = ownerOf(id);
    for (const [times, name] of [
      [functions, nameOf(frame)],
      [files, owner],
      [packages, packageOf(owner)],
    ] as const) {
      times.set(name, (times.get(name) ?? 0) + micros);
    }
  }
  return { functions, files, packages, busy };
}

const nameOf = (frame: CallFrame | undefined): string =>
  `${frame?.functionName || '(anonymous)'}  ${frame?.url ? `${placeOf(frame.url)}:${frame.lineNumber + 1}` : ''}`;

/** Source maps give packages' own folder names; the path from the packages' folder on is what tells them apart. */
const placeOf = (url: string): string => url.replace(/^file:\/\//, '').replace(/^.*?\/(?=node_modules\/|dist\/)/, '');

const packageOf = (file: string): string =>
  /^(?:node_modules\/(?:@[^/]+\/)?[^/]+|dist\/src\/(?:drivers\/)?[^/]+)/.exec(file)?.[0] ?? file;

function list(title: string, times: Map<string, number>, count: number, busy: number, requests: number): string {
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, count);
  const lines = sorted.map(
    ([name, micros]) =>
      `${(micros / requests).toFixed(2).padStart(9)} ${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`,
  );
  return [title, ...lines].join('\n');
}
