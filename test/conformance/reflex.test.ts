import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { linkedMessage } from '../../src/devices/devices-mail.tsx';
import { directionOf, loadMessages, locales } from '../../src/web/messages.ts';
import { createHttpBrowser } from '../helpers/http-browser.ts';
import { livingRoom } from '../helpers/living-room.ts';
import { startTestApp, type TestApp } from '../helpers/test-app.ts';

const messages = loadMessages();
/** The screen in front of them, and that none is ever sent, in every language there is. */
const says = {
  en: [/screen in front of you/, /never send/],
  de: [/Bildschirm vor sich/, /verschicken .* nie/],
  es: [/pantalla delante/, /Nunca enviamos/],
  ar: [/شاشة أمامك/, /لا نرسل .* أبدًا/],
};

let server: TestApp;
before(async () => {
  server = await startTestApp();
});
after(() => server.stop());

for (const locale of locales) {
  const t = messages.translate(locale);
  const sentence = t('web.codes.reflex');

  test(`B36: one sentence stands wherever a code is entered or explained (${locale})`, async () => {
    for (const pattern of says[locale]) assert.match(sentence, pattern);
    const browser = createHttpBrowser(server.url, { 'accept-language': locale });
    for (const path of ['/link', '/link?problem=no_such_code', '/L/BCDFGHJK', '/help']) {
      const page = await browser.open(path);
      assert.equal(page.root.querySelector('html')?.getAttribute('lang'), locale);
      assert.ok(page.text.includes(sentence), `${path}: ${page.text}`);
    }
  });

  test(`B36: the mail about a new device says it too (${locale})`, () => {
    const mail = linkedMessage({
      ...{ t, locale, dir: directionOf(locale), issuer: server.url, email: 'ann@example.org', settled: true },
      undoToken: 'T'.repeat(43),
      device: livingRoom,
    });
    // Lines of the text end where they are full.
    for (const body of [mail.text, mail.html]) assert.ok(body.replace(/\s+/g, ' ').includes(sentence), body);
  });
}
