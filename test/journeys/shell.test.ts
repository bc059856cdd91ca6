import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import { Button, Form, PasskeyForm } from '../../src/web/components.tsx';
import { examplePath, examples } from '../../tools/gallery-examples.tsx';
import { launchChromium } from '../helpers/chromium.ts';
import { createWebApp, sam, type WebApp } from '../helpers/web-app.ts';

let web: WebApp;
let browser: Browser;
let home: string;
let twice = 0;
const arrived = Promise.withResolvers<void>();
const answer = Promise.withResolvers<void>();
let posted: Record<string, string> | undefined;

before(async () => {
  web = await createWebApp({
    person: sam,
    pages: (pages) => {
      for (const [name, draw] of Object.entries(examples))
        pages.get(examplePath(name), (request, reply) => reply.page(draw(request.page)));
      pages.get('/gallery/state', () => ({ state: 'waiting' }));
      pages.get('/passkey', (request, reply) => {
        const { mode = 'create' } = request.query as { mode?: 'get' | 'create' };
        const options = mode === 'create' ? creation : { challenge: 'AAAA', userVerification: 'required' };
        const content = PasskeyForm({ page: request.page, action: '/passkey', mode, options, submitLabel: 'Go' });
        return reply.page({ title: 'Passkey', content });
      });
      pages.get('/twice', (request, reply) => {
        const children = Button({ children: 'Go' });
        return reply.page({ title: 'Twice', content: Form({ page: request.page, action: '/twice', children }) });
      });
      pages.post('/twice', async (_request, reply) => {
        twice += 1;
        arrived.resolve();
        await answer.promise;
        return reply.page({ title: 'Received', content: 'Received' });
      });
      pages.get('/twice/arrived', () => arrived.promise.then(() => ({})));
      pages.get('/twice/answer', async () => {
        answer.resolve();
        return {};
      });
      pages.post('/passkey', (request, reply) => {
        posted = request.body as Record<string, string>;
        return reply.page({ title: 'Received', content: 'Received' });
      });
    },
  });
  await web.app.listen({ port: 0, host: 'localhost' });
  home = `http://localhost:${(web.app.server.address() as AddressInfo).port}`;
  web.app.web.issuer = home;
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await web?.app.close();
});

const creation = {
  challenge: 'AAAA',
  rp: { name: 'Latchkey', id: 'localhost' },
  user: { id: 'c2Ft', name: 'sam@example.org', displayName: 'Sam' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
};

async function open(path: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext(options);
  const tab = await context.newPage();
  await tab.goto(home + path);
  return tab;
}

const paths = [...Object.keys(examples).map(examplePath), '/help', '/help/privacy', '/help/accessibility', '/nowhere'];

describe('every component on a page', () => {
  for (const [look, options] of Object.entries({
    'light, English': { viewport: { width: 1280, height: 800 } },
    'dark, Arabic': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark', locale: 'ar' },
  } satisfies Record<string, BrowserContextOptions>)) {
    test(`WCAG 2.2 AA in ${look}: axe finds nothing, and the policy is kept`, async () => {
      const tab = await open('/help', options);
      const complaints: string[] = [];
      tab.on('console', (message) => /Content Security Policy/.test(message.text()) && complaints.push(message.text()));
      for (const path of paths) {
        await tab.goto(home + path);
        const axe = new AxeBuilder({ page: tab }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
        const { violations } = await axe.analyze();
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(found, [], path);
      }
      assert.deepEqual(complaints, []);
      await tab.context().close();
    });
  }

  test('WCAG 1.4.10, 1.4.12: nothing scrolls sideways at 320 px, with long words and wide spacing', async () => {
    const tab = await open('/help', { viewport: { width: 320, height: 640 }, isMobile: true, locale: 'de' });
    for (const path of paths) {
      await tab.goto(home + path);
      const width = await tab.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('* { line-height: 1.5; letter-spacing: .12em; word-spacing: .16em }');
        const before = document.documentElement.scrollWidth;
        document.adoptedStyleSheets = [sheet];
        return [before, document.documentElement.scrollWidth];
      });
      assert.deepEqual(width, [320, 320], path);
    }
  });

  test('forced colours: every button keeps an edge', async () => {
    const tab = await open('/help', { forcedColors: 'active' });
    for (const path of paths) {
      await tab.goto(home + path);
      const bare = await tab.$$eval(
        '.button',
        (all) =>
          all.filter((each) => getComputedStyle(each).borderTopColor === getComputedStyle(each).backgroundColor).length,
      );
      assert.equal(bare, 0, path);
    }
  });

  test('WCAG 2.5.8: everything to press is 44 px high, links in sentences aside', async () => {
    const tab = await open('/help', { viewport: { width: 320, height: 640 } });
    for (const path of paths) {
      await tab.goto(home + path);
      const small = await tab.$$eval('button, .button, .account, .brand, .footer a, .nav a, .back a, .input', (all) =>
        all
          .filter((each) => each.clientHeight > 0 && each.getBoundingClientRect().height < 43.9)
          .map((each) => each.outerHTML),
      );
      assert.deepEqual(small, [], path);
    }
  });
});

describe('islands', () => {
  test('the dash appears while typing at the end, and nothing else is touched', async () => {
    const tab = await open('/gallery/enter-code');
    const input = tab.locator('#user_code');
    await input.pressSequentially('bcdfg');
    assert.equal(await input.inputValue(), 'bcdf-g');
    await input.pressSequentially('hjk');
    assert.equal(await input.inputValue(), 'bcdf-ghjk');
    await input.press('Home');
    await input.press('x');
    assert.equal(await input.inputValue(), 'xbcdf-ghjk', 'typing in the middle moves nothing');
    assert.equal(await input.evaluate((each: HTMLInputElement) => each.selectionStart), 1);
    await input.fill('');
    await input.fill('https://id.example.org/l/BCDFGHJK');
    assert.equal(await input.inputValue(), 'https://id.example.org/l/BCDFGHJK');
    await input.fill('');
    await input.pressSequentially('bcdfg');
    for (const left of ['bcdf-', 'bcdf', 'bcd']) {
      await input.press('Backspace');
      assert.equal(await input.inputValue(), left, 'the dash can be removed');
    }
  });

  test('an error summary takes the focus, and leads to its field', async () => {
    const tab = await open('/gallery/enter-code-wrong');
    assert.equal(await tab.evaluate(() => document.activeElement?.className), 'error-summary');
    await tab.click('.error-summary a');
    assert.equal(await tab.evaluate(() => document.activeElement?.id), 'user_code');
    assert.match(await tab.title(), /^Error: /);
  });

  test('a password is shown and hidden, and sent hidden', async () => {
    const tab = await open('/gallery/prove');
    await tab.fill('#password', 'secret');
    await tab.click('[data-show-password]');
    assert.equal(await tab.getAttribute('#password', 'type'), 'text');
    assert.equal(await tab.textContent('[data-show-password]'), 'Hide');
    await tab.evaluate(() => {
      const form = document.querySelector<HTMLInputElement>('#password')?.form;
      form?.addEventListener('submit', (event) => event.preventDefault());
      form?.requestSubmit();
    });
    assert.equal(await tab.getAttribute('#password', 'type'), 'password');
  });

  test('a form is sent once, however often it is pressed; the way back makes it new', async () => {
    const tab = await open('/twice');
    twice = 0;
    // From within the page: the answer to the first press is held until after the second.
    void tab
      .evaluate(async () => {
        const button = document.querySelector<HTMLButtonElement>('main form button');
        button?.click();
        await fetch('/twice/arrived');
        button?.click();
        await fetch('/twice/answer');
      })
      .catch(() => {});
    await tab.waitForSelector('main:has-text("Received")');
    assert.equal(twice, 1);
    await tab.goBack();
    await tab.click('main form button');
    await tab.waitForSelector('main:has-text("Received")');
    assert.equal(twice, 2);
    await tab.goBack();
    await tab.evaluate(() => {
      const form = document.querySelector<HTMLFormElement>('main form');
      form?.addEventListener('submit', (event) => event.preventDefault(), { once: true });
      form?.requestSubmit();
      form?.requestSubmit();
    });
    await tab.waitForSelector('main:has-text("Received")');
    assert.equal(twice, 3, 'a submit that another island stops is not the one that counts');
  });

  test('a code is copied, and that is said', async () => {
    const tab = await open('/gallery/landing', { permissions: ['clipboard-read', 'clipboard-write'] });
    await tab.click('[data-copy]');
    await tab.waitForSelector('.copy-done:has-text("Copied")');
    assert.equal(await tab.evaluate(() => navigator.clipboard.readText()), 'BCDF-GHJK');
  });

  test('times are told in the reader’s zone and manner', async () => {
    const tab = await open('/gallery/review', { timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
    assert.match((await tab.textContent('time')) ?? '', /^21 Nov 2026, 09:00$/);
    const plain = await open('/gallery/review', { javaScriptEnabled: false, locale: 'en-GB' });
    assert.match((await plain.textContent('time')) ?? '', /^21 Nov 2026, 00:00 UTC$/);
  });

  for (const api of ['the JSON API', 'no JSON API'] as const)
    test(`a passkey is made and used, in a browser with ${api}`, async () => {
      const context = await browser.newContext();
      const tab = await context.newPage();
      if (api === 'no JSON API')
        await tab.addInitScript(() => {
          for (const name of ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON'])
            Object.defineProperty(PublicKeyCredential, name, { value: undefined });
          Object.defineProperty(PublicKeyCredential.prototype, 'toJSON', { value: undefined });
        });
      const session = await context.newCDPSession(tab);
      await session.send('WebAuthn.enable');
      await session.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
      for (const [mode, field] of [
        ['create', 'attestationObject'],
        ['get', 'signature'],
      ] as const) {
        posted = undefined;
        await tab.goto(`${home}/passkey?mode=${mode}`);
        await tab.click('[data-passkey] button');
        await tab.waitForSelector('text=Received');
        const credential = JSON.parse((posted as Record<string, string> | undefined)?.credential ?? '{}');
        assert.equal(credential.type, 'public-key');
        assert.equal(credential.id, credential.rawId);
        assert.match(credential.response[field], /^[\w-]+$/);
        const client = JSON.parse(Buffer.from(credential.response.clientDataJSON, 'base64url').toString());
        assert.equal(client.challenge, 'AAAA');
      }
      await context.close();
    });

  test('a refused passkey says so and leaves the page as it was', async () => {
    const context = await browser.newContext();
    const tab = await context.newPage();
    const session = await context.newCDPSession(tab);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: false,
      },
    });
    await tab.goto(`${home}/passkey?mode=create`);
    await tab.click('[data-passkey] button');
    await tab.waitForSelector('.passkey-failed:visible');
    assert.equal(tab.url(), `${home}/passkey?mode=create`);
  });

  test('without scripts, nothing is offered that needs them', async () => {
    const tab = await open('/gallery/prove', { javaScriptEnabled: false });
    assert.equal(await tab.isVisible('[data-passkey]'), false);
    assert.equal(await tab.isVisible('[data-show-password]'), false);
    assert.equal(await tab.isVisible('#password'), true);
  });

  test('language and theme are switched with scripts off', async () => {
    const tab = await open('/help', { javaScriptEnabled: false });
    await tab.click('button[value=ar]');
    assert.equal(await tab.getAttribute('html', 'dir'), 'rtl');
    await tab.click('button[value=dark]');
    assert.equal(await tab.getAttribute('html', 'data-theme'), 'dark');
    assert.equal(tab.url(), `${home}/help`);
  });
});
