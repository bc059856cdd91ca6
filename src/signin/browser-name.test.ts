import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserLabel, browserName } from './browser-name.ts';

const told: [string | undefined, { browser?: string; system?: string }][] = [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0', { browser: 'Firefox', system: 'Linux' }],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
    { browser: 'Chrome', system: 'Windows' },
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0',
    { browser: 'Edge', system: 'Windows' },
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    { browser: 'Safari', system: 'iPhone' },
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0 Mobile/15E148 Safari/604.1',
    { browser: 'Chrome', system: 'iPhone' },
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    { browser: 'Safari', system: 'macOS' },
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
    { browser: 'Samsung Internet', system: 'Android' },
  ],
  ['Mozilla/5.0 (X11; Linux x86_64) test', { system: 'Linux' }],
  ['curl/8.14.1', {}],
  [undefined, {}],
];

for (const [userAgent, expected] of told) {
  test(`a person recognises ${JSON.stringify(expected)}`, () => assert.deepEqual(browserName(userAgent), expected));
}

test('the journal gets one line', () => {
  assert.deepEqual(
    told.map(([userAgent]) => browserLabel(userAgent)).filter((label, i, all) => all.indexOf(label) === i),
    [
      'Firefox on Linux',
      'Chrome on Windows',
      'Edge on Windows',
      'Safari on iPhone',
      'Chrome on iPhone',
      'Safari on macOS',
      'Samsung Internet on Android',
      'Linux',
      undefined,
    ],
  );
});
