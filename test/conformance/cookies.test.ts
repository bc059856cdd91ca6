import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import Provider from 'oidc-provider';
import '../../src/engine/runtime-label.ts';
import { createWebApp } from '../helpers/web-app.ts';

const names = ['latchkey-session', '__Host-latchkey-session', 'latchkey-browser', '__Host-latchkey-browser'] as const;
const values = ['mine', 'theirs', 'a.b-c_d'];

/** Around, before and between what parsers look for: whatever has made two of them disagree, or may. */
const space = fc.constantFrom('', '', '', ' ', '  ', '\t', '\u00a0', '\u000b', '%20');
const lookAlikes = [...names].flatMap((name) => [
  name,
  name,
  name,
  name.toUpperCase(),
  name.replace('__Host-', '__host-'),
  `$${name}`,
  `"${name}"`,
  `x${name}`,
  `${name}.sig`,
  name.replace('-', '%2D'),
  name.replace('_', '\u00ad_'),
]);
const value = fc.oneof(
  fc.constantFrom(...values),
  fc.constantFrom(...values).map((text) => `"${text}"`),
  fc.constantFrom('', '=', 'a=b', '%6dine', 'mine,theirs', 'mi"ne', 'mine\\', '$Path=/', 'ünine'),
);
/** As we write them: often enough that the same name comes twice, in either order. */
const plainPair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)).map((parts) => parts.join('='));
const oddPair = fc
  .tuple(
    space,
    fc.constantFrom(...lookAlikes, 'other', ''),
    space,
    fc.constantFrom('=', '=', '=', '', '=='),
    space,
    value,
    space,
  )
  .map((parts) => parts.join(''));
const pair = fc.oneof(plainPair, oddPair);
const header = fc
  .array(fc.tuple(pair, fc.constantFrom('; ', '; ', ';', ' ;', ',', ';;', '; $Version=1; ')), { maxLength: 8 })
  .map((pairs) => pairs.flat().join(''));

test('fault A1: every parser reads the same of a Cookie header, however it is written', async () => {
  const engine = new Provider('http://localhost:3000');
  const { app } = await createWebApp({
    pages: (pages) => {
      pages.get('/cookies', (request, reply) => {
        const { cookies } = engine.createContext(request.raw, reply.raw);
        const engines = (name: string) => cookies.get(name, { signed: false }) ?? null;
        return reply.send(names.map((name) => [request.cookies[name] ?? null, engines(name)]));
      });
    },
  });
  const exact = (sent: string, name: string): string | null => {
    const own = new RegExp(`^ ?${name}=([A-Za-z0-9_.-]+)$`);
    const found = sent.split(';').flatMap((text) => own.exec(text)?.[1] ?? []);
    return found.length === 1 ? (found[0] ?? null) : null;
  };
  await fc.assert(
    fc.asyncProperty(header, async (sent) => {
      const read: [string | null, string | null][] = (
        await app.inject({ url: '/cookies', headers: { cookie: sent } })
      ).json();
      for (const [index, name] of names.entries()) {
        const [first, second] = read[index] ?? [];
        assert.equal(first, second, `${name} in ${JSON.stringify(sent)}`);
        assert.equal(first, exact(sent, name), `${name} in ${JSON.stringify(sent)}`);
      }
    }),
    { numRuns: 2000 },
  );
});
