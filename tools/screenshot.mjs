// Draws docs/images/tv-and-phone.png: the TV example with its code, and the phone that is asked about it.
// `npm run build && node tools/screenshot.mjs`; needs Chromium, as the tests do, and a free port (PORT, 3000).
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../dist/test/helpers/chromium.js';

const latchkey = fileURLToPath(new URL('../bin/latchkey', import.meta.url));
const picture = fileURLToPath(new URL('../docs/images/tv-and-phone.png', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'latchkey-picture-'));
const port = Number(process.env.PORT ?? 3000);
const address = `http://localhost:${port}`;
const env = { ...process.env, PORT: String(port), LATCHKEY_DATA: data, LATCHKEY_ISSUER: address };
const email = 'sam@example.org';
const password = 'quiet otter borrows lantern';

spawnSync(process.execPath, [latchkey, 'accounts', 'create', '--email', email, '--password-stdin'], {
  env,
  input: password,
  stdio: ['pipe', 'ignore', 'inherit'],
});
const server = spawn(process.execPath, [latchkey, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve, reject) => {
  server.stdout.on('data', (text) => String(text).includes('latchkey listening on') && resolve());
  server.on('exit', () => reject(new Error('The server did not start.')));
});
const browser = await launchChromium();
try {
  const screens = { tv: undefined, phone: undefined };
  const tv = await newTab({ width: 1280, height: 720 });
  await tv.goto(`${address}/examples/tv`);
  await tv.keyboard.press('Enter');
  await tv.waitForFunction(() => /\w{4}-\w{4}/.test(document.getElementById('code')?.textContent ?? ''));
  await tv.waitForLoadState('networkidle');
  const code = ((await tv.textContent('#code')) ?? '').trim();

  const phone = await newTab({ width: 390, height: 844 });
  await phone.goto(`${address}/link`);
  await phone.fill('[name=user_code]', code);
  await phone.click('main form button');
  await phone.fill('[name=email]', email);
  await phone.click('form[action^="/signin"]:has([name=email]) button:not([hidden])');
  await phone.fill('[name=password]', password);
  await phone.click('main form:has([name=password]) button[type=submit]');
  await phone.waitForSelector('button[name=decision]');
  screens.tv = await tv.screenshot();
  screens.phone = await phone.screenshot();

  const sheet = await newTab({ width: 1460, height: 700 });
  await sheet.setContent(sideBySide(screens));
  mkdirSync(fileURLToPath(new URL('../docs/images', import.meta.url)), { recursive: true });
  await sheet.screenshot({ path: picture });
  console.log(
    `${picture}: ${Math.round(statSync(picture).size / 1000)} kB, ${readFileSync(picture).readUInt32BE(16)} px wide`,
  );
} finally {
  await browser.close();
  server.kill();
  rmSync(data, { recursive: true, force: true });
}

async function newTab(viewport) {
  return (await browser.newContext({ viewport, deviceScaleFactor: 1, locale: 'en' })).newPage();
}

/** Two frames on paper, small enough that a reader of the page sees both at once. */
function sideBySide({ tv, phone }) {
  const image = (png, style) => `<img src="data:image/png;base64,${png.toString('base64')}" style="${style}">`;
  const frame = 'display:block;border:10px solid #20242c;border-radius:';
  return `<body style="margin:0;height:700px;display:flex;gap:48px;align-items:center;justify-content:center;background:#e9ebef">
    ${image(tv, `width:1024px;height:576px;${frame}14px`)}
    ${image(phone, `width:296px;height:640px;${frame}30px`)}</body>`;
}
