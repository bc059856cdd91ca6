import type { FastifyInstance } from 'fastify';

export type Route = { method: string; path: string };

/** Every route of the server, as it routes: read off its own picture of them. */
export function routesOf(server: FastifyInstance): Route[] {
  const trail: string[] = [];
  const routes: Route[] = [];
  for (const line of server.printRoutes({ commonPrefix: false }).split('\n')) {
    const parts = /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line);
    if (!parts) continue;
    const [, indent = '', name = '', methods] = parts;
    const depth = indent.length / 4;
    trail.splice(depth, trail.length, name);
    const path = trail.join('').replace(/^\/\//, '/');
    for (const method of methods?.split(', ') ?? []) routes.push({ method, path });
  }
  return routes;
}
