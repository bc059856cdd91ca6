import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from '../bench-context.ts';
import type { LoadResult } from '../load/load.ts';
import type { Running } from '../targets/target.ts';

type Node = {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
};
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
  say(`\nWhere the time goes: ${name} (µs of each request, itself)`);
  for (const { where, micros, share } of topOf(JSON.parse(readFileSync(file, 'utf8')) as Profile, requests))
    say(`${micros.toFixed(2).padStart(8)}  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`);
  say(`${file}\n`);
}

/** The functions that used most time themselves, and after them the packages. */
function topOf({ nodes, samples, timeDeltas }: Profile, requests: number) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of samples.entries()) {
    const frame = byId.get(id);
    const micros = timeDeltas[i] ?? 0;
    if (!frame || frame.functionName === '(idle)') continue;
    busy += micros;
    const place = placeOf(frame.url);
    const named = `${frame.functionName || '(anonymous)'}  ${place}${frame.url ? `:${frame.lineNumber + 1}` : ''}`;
    functions.set(named, (functions.get(named) ?? 0) + micros);
    const owner = `= ${ownerOf(place) || frame.functionName || 'native'}`;
    packages.set(owner, (packages.get(owner) ?? 0) + micros);
  }
  const top = (map: Map<string, number>, count: number) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([where, micros]) => ({ where, micros: micros / requests, share: micros / busy }));
  return [...top(functions, 40), ...top(packages, 25)];
}

const placeOf = (url: string): string => url.replace(/^file:\/\//, '').replace(/^.*\/(?=node_modules\/|dist\/)/, '');

const ownerOf = (place: string): string =>
  /^node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(place)?.[0] ??
  /^dist\/src\/[^/]+(?:\/[^/]+)?/.exec(place)?.[0] ??
  place.replace(/^(node:[^/]+).*$/, '$1');
