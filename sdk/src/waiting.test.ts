import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkError, linkDevice } from './device.ts';
import type { LinkOptions } from './link-device.ts';
import { type Scripted, startIssuer } from './testing/scripted-issuer.ts';
import { createSkippingTime } from './testing/skipping-time.ts';

/** Polls that an issuer holds until the decision: RFC 7240 `Prefer: wait`, in the manner of CIBA Core §10.1. */
async function withIssuer(tokens: Scripted[], run: (given: Given) => Promise<void>): Promise<void> {
  const skipping = createSkippingTime();
  const issuer = await startIssuer({ tokens, onHang: skipping.pass, onHold: skipping.hold });
  const begun = () => skipping.requests.find((request) => request.path === '/device_authorization')?.at ?? Number.NaN;
  try {
    await run({
      origin: issuer.url,
      skipping,
      link: (more = {}) => linkDevice({ issuer: issuer.url, clientId: 'tv', ...skipping.outside, ...more }),
      polls: () =>
        issuer.received
          .filter((request) => request.path === '/token')
          .map(({ headers }) => headers.prefer?.toString() ?? 'plain'),
      times: () =>
        skipping.requests.filter((request) => request.path === '/token').map(({ at }) => (at - begun()) / 1000),
    });
  } finally {
    await issuer.stop();
  }
}

type Given = {
  origin: string;
  skipping: ReturnType<typeof createSkippingTime>;
  link: (more?: Partial<LinkOptions>) => ReturnType<typeof linkDevice>;
  /** The preference of each poll. */
  polls: () => string[];
  /** Seconds from the code to each poll. */
  times: () => number[];
};

async function statesOf(link: Awaited<ReturnType<typeof linkDevice>>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { state } of link.states()) seen.push(state);
  return seen;
}

const held = (seconds: number, then: Scripted = 'pending'): Scripted => ({ held: seconds, then });

test('asks at once and is told at once: a poll held until the approval brings the tokens', async () => {
  await withIssuer([held(7, 'tokens')], async ({ link, skipping, times, polls }) => {
    const asked = await link();
    const begun = skipping.outside.time.now();
    assert.equal((await asked.tokens()).accessToken, 'at-1');
    assert.equal(skipping.outside.time.now() - begun, 7000);
    assert.deepEqual(times(), [0]);
    assert.deepEqual(polls(), ['wait=25']);
  });
});

test('D5: held to the end and still pending, asks again at once; the screen never hears of it', async () => {
  await withIssuer([held(25), held(25), held(3, 'tokens')], async ({ link, times }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'linked']);
    assert.deepEqual(times(), [0, 25, 50]);
  });
});

test('D5: answered early, waits until the interval has passed since it asked', async () => {
  await withIssuer([held(0), held(2), held(9), 'tokens'], async ({ link, times }) => {
    await (await link()).tokens();
    assert.deepEqual(times(), [0, 5, 10, 19]);
  });
});

test('RFC 8628 §3.5: an issuer that does not hold is polled at its interval', async () => {
  await withIssuer(['pending', 'pending', 'tokens'], async ({ link, times, polls }) => {
    await (await link()).tokens();
    assert.deepEqual(times(), [0, 5, 10]);
    assert.deepEqual(polls(), ['wait=25', 'wait=25', 'wait=25']);
  });
});

test('RFC 8628 §3.5: slow_down counts for held polls too, and for good', async () => {
  const tokens = [held(25), 'slow_down', held(4), held(25), 'pending', 'tokens'] as Scripted[];
  await withIssuer(tokens, async ({ link, times }) => {
    await (await link()).tokens();
    assert.deepEqual(times(), [0, 25, 35, 45, 70, 80]);
  });
});

for (const then of ['drop', 'cut', { status: 504 }] satisfies Scripted[]) {
  test(`a held poll that ends in ${JSON.stringify(then)} is asked for again, plainly, and no approval is lost`, async () => {
    await withIssuer([held(20, then), 'tokens'], async ({ link, times, polls }) => {
      assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'linked']);
      assert.deepEqual(times(), [0, 25]);
      assert.deepEqual(polls(), ['wait=25', 'plain']);
    });
  });
}

test('a held poll on a dead socket is given up after 35 s and retried within the 60 s that the issuer remembers', async () => {
  await withIssuer(['slow_down', 'hang', 'tokens'], async ({ link, times }) => {
    await (await link({ random: () => 1 })).tokens();
    assert.deepEqual(times(), [0, 10, 51]);
  });
});

test('waits again once the issuer answers again', async () => {
  await withIssuer([held(20, 'drop'), 'drop', 'pending', held(25), 'tokens'], async ({ link, times, polls }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'offline', 'waiting', 'linked']);
    assert.deepEqual(times(), [0, 25, 45, 50, 75]);
    assert.deepEqual(polls(), ['wait=25', 'plain', 'plain', 'wait=25', 'wait=25']);
  });
});

test('a proxy that cuts held polls twice is asked plainly from then on', async () => {
  const cut = held(15, 'drop');
  await withIssuer([cut, 'pending', cut, 'pending', 'pending', 'tokens'], async ({ link, times, polls }) => {
    await (await link()).tokens();
    assert.deepEqual(polls(), ['wait=25', 'plain', 'wait=25', 'plain', 'plain', 'plain']);
    assert.deepEqual(times(), [0, 20, 25, 45, 50, 55]);
  });
});

test('refused connections do not count as cuts', async () => {
  const tokens = ['drop', 'pending', 'drop', 'pending', 'drop', 'pending', 'tokens'] as Scripted[];
  await withIssuer(tokens, async ({ link, polls }) => {
    await (await link()).tokens();
    assert.equal(polls().at(-1), 'wait=25');
  });
});

test('cancel and the signal end a held poll, and nothing is asked after it', async () => {
  await withIssuer([held(20)], async ({ link, skipping, times }) => {
    const control = new AbortController();
    const asked = await link({ signal: control.signal });
    skipping.outside.time.setTimeout(() => control.abort(), 4000);
    await assert.rejects(asked.tokens(), (error) => error instanceof LinkError && error.code === 'aborted');
    assert.deepEqual(times(), [0]);
    const second = await link();
    skipping.outside.time.setTimeout(() => second.cancel(), 4000);
    assert.deepEqual(await statesOf(second), ['waiting', 'failed']);
    assert.equal(times().length, 2);
  });
});

test('asks to be held no longer than the code lives', async () => {
  await withIssuer([held(25)], async ({ link, polls, times }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'expired']);
    assert.equal(times().at(-1), 575);
    assert.equal(polls().at(-1), 'wait=25');
  });
  await withIssuer([held(22), held(18)], async ({ link, polls, times }) => {
    assert.deepEqual(await statesOf(await link()), ['waiting', 'expired']);
    assert.equal(times().at(-1), 598);
    assert.equal(polls().at(-1), 'wait=2');
  });
});

test('wait: false is plain RFC 8628, the first poll after an interval', async () => {
  await withIssuer([held(25), held(25), held(25, 'tokens')], async ({ link, times, polls }) => {
    await (await link({ wait: false })).tokens();
    assert.deepEqual(times(), [5, 10, 15]);
    assert.deepEqual(polls(), ['plain', 'plain', 'plain']);
  });
});

test('a page of another origin sends no header that costs a preflight, unless told to', async () => {
  const browser = globalThis as { location?: { origin: string } };
  await withIssuer([held(1, 'tokens')], async ({ origin, link, polls }) => {
    try {
      browser.location = { origin: 'https://app.example.org' };
      await (await link()).tokens();
      await (await link({ wait: true })).tokens();
      browser.location = { origin };
      await (await link()).tokens();
    } finally {
      delete browser.location;
    }
    assert.deepEqual(polls(), ['plain', 'wait=25', 'wait=25']);
  });
});
