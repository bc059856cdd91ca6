import assert from 'node:assert/strict';
import { it } from 'node:test';
import { minutes } from '../clock.ts';
import { assessRisk, signInStandsIn } from './risk.ts';

const home = '192.0.2.0/24';
const away = '198.51.100.0/24';

it('A22, B21, B22: pairs of places and the questions they add', () => {
  const now = minutes(100);
  for (const [request, person, age, level, signs] of [
    [{ network: home, country: undefined }, { network: home, country: undefined }, 1, 'low', []],
    [{ network: home, country: 'GB' }, { network: home, country: 'GB' }, 1, 'low', []],
    [{ network: home, country: 'GB' }, { network: away, country: 'GB' }, 1, 'medium', ['other_network']],
    [{ network: home, country: 'GB' }, { network: home, country: 'GB' }, 6, 'medium', ['old']],
    [{ network: home, country: undefined }, { network: away, country: undefined }, 6, 'high', ['other_network', 'old']],
    [{ network: home, country: 'NG' }, { network: away, country: 'GB' }, 1, 'high', ['other_network', 'other_country']],
    [{ network: undefined, country: undefined }, { network: away, country: 'GB' }, 1, 'low', []],
    [{ network: 'unknown', country: undefined }, { network: away, country: 'GB' }, 1, 'low', []],
  ] as const) {
    const risk = assessRisk({ request: { ...request, createdAt: now - minutes(age) }, person, now });
    assert.deepEqual([risk.level, risk.signs], [level, signs], JSON.stringify({ request, person, age }));
  }
});

it('fault A8: a sign-in stands in for the proof only where the device is known to be near, and nothing is unusual', () => {
  const now = minutes(100);
  for (const network of [home, away, 'loopback', 'unknown', undefined])
    for (const from of [home, away, 'loopback', 'unknown'])
      for (const country of ['GB', 'NG', undefined])
        for (const age of [1, 6]) {
          const request = { network, country, createdAt: now - minutes(age) };
          const risk = assessRisk({ request, person: { network: from, country: 'GB' }, now });
          const near = network === from && from !== 'unknown' && country !== 'NG' && age === 1;
          assert.equal(signInStandsIn(risk), near, JSON.stringify({ network, from, country, age }));
        }
});
