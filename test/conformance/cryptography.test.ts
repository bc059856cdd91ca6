import assert from 'node:assert/strict';
import { hkdfSync, webcrypto } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../src/random.ts';
import { createSecrets } from '../../src/secrets.ts';

const root = new URL('../../../', import.meta.url).pathname;
/** Path and code, without the lines that are comments. */
const sources: [string, string][] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.|conformance/.test(path))
  .map((path) => [`src/${path}`, readFileSync(join(root, 'src', path), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')]);
const filesWith = (pattern: RegExp): string[] => sources.filter(([, text]) => pattern.test(text)).map(([path]) => path);

const master = Buffer.alloc(32, 9);
const secrets = createSecrets(master);
const subtle = webcrypto.subtle;
/** What seals for a purpose, by another implementation. */
const keyFor = (purpose: string) =>
  subtle.importKey('raw', hkdfSync('sha256', master, 'latchkey', purpose, 32), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
const gcm = (iv: Buffer, context: string) => ({ name: 'AES-GCM', iv, additionalData: Buffer.from(context) });

test('F23: what is sealed is AES-256-GCM, as another implementation writes and reads it', async () => {
  const iv = Buffer.from('cafebabefacedbaddecaf888', 'hex');
  const written = Buffer.from(await subtle.encrypt(gcm(iv, 'ann'), await keyFor('totp'), Buffer.from('secret')));
  const sealed = `1.${Buffer.concat([iv, written]).toString('base64url')}`;
  assert.equal(sealed, '1.yv66vvrO263eyviIebdDjgZfeKp2iuo-F5TLfGvoKWqf3Q');
  assert.equal(secrets.open('totp', sealed, 'ann'), 'secret');

  const bytes = Buffer.from(secrets.seal('totp', 'secret', 'ann').slice(2), 'base64url');
  const read = await subtle.decrypt(gcm(bytes.subarray(0, 12), 'ann'), await keyFor('totp'), bytes.subarray(12));
  assert.equal(Buffer.from(read).toString(), 'secret');
});

test('F23: no nonce comes twice, and a seal with any bit changed does not open', () => {
  const nonces = new Set<string>();
  for (let i = 0; i < 5000; i++) nonces.add(secrets.seal('totp', 'secret', 'ann').slice(2, 18));
  assert.equal(nonces.size, 5000);
  const bytes = Buffer.from(secrets.seal('totp', 'secret', 'ann').slice(2), 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(secrets.open('totp', `1.${changed.toString('base64url')}`, 'ann'), undefined, `bit ${bit}`);
  }
});

test('F23: one file encrypts, with authentication; nothing uses what is broken', () => {
  assert.deepEqual(filesWith(/\bcreate(?:Cipher|Decipher)|subtle\.encrypt|publicEncrypt|privateDecrypt/), [
    'src/secrets.ts',
  ]);
  const [, text = ''] = sources.find(([path]) => path === 'src/secrets.ts') ?? [];
  assert.deepEqual(new Set(text.match(/create(?:Cipher|Decipher)iv\('[^']*'/g)), new Set([...ciphers]));
  assert.deepEqual(filesWith(/\b(?:md5|rc4|3?des-|ecb|-cbc|-ctr|RSA1_5|RSA_PKCS1_PADDING)\b/i), []);
  // RFC 6238 is HMAC-SHA-1 for every app that people have, and the library's own; nothing else is.
  assert.deepEqual(filesWith(/\bsha-?1\b/i), []);
});
const ciphers = ["createCipheriv('aes-256-gcm'", "createDecipheriv('aes-256-gcm'"];

test('F23: secrets are compared in constant time, or looked up by their keyed hash', () => {
  const secret = String.raw`[\w.]*(?:[hH]ash|[sS]ecret|[dD]igest|[tT]oken|[mM]ac|[cC]srf|signature)\b(?!\.length)`;
  const compared = new RegExp(String.raw`${secret}(?:\([^()]*\))? [!=]==? (?!undefined|null|'|"|\d)|[!=]==? ${secret}`);
  const found = sources.flatMap(([path, text]) =>
    text
      .split('\n')
      .filter((line) => compared.test(line) && !/[!=]== (?:undefined|null|'')/.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual(found, []);
  assert.ok(compared.test('if (row.code_hash === given) return'), 'the lint sees one');
  assert.deepEqual(filesWith(/timingSafeEqual\(/).sort(), ['src/authenticators/argon2.ts', 'src/secrets.ts']);
});

test('F24: whatever must not be guessed has 128 bits or more from the system, and is no UUID', () => {
  assert.deepEqual(filesWith(/uuid|Math\.random|\bnanoid/i), []);
  const drawn = sources.flatMap(([path, text]) =>
    [...text.matchAll(/random\.token\(([^)]*)\)/g)].map(([, bytes]) => ({ path, bytes: Number(bytes) })),
  );
  assert.ok(drawn.length > 20);
  for (const { path, bytes } of drawn) assert.ok(bytes >= 16, `${path}: ${bytes} bytes`);
  assert.equal(Buffer.from(systemRandom.token(16), 'base64url').length, 16);
  const given = filesWith(/\brandom(?:Bytes|Int|FillSync|Fill)\(/);
  assert.deepEqual(given.sort(), [
    'src/authenticators/argon2.ts',
    'src/data-folder.ts',
    'src/random.ts',
    'src/secrets.ts',
  ]);
});

test('F24: codes that people type are shorter, and each stands in the list of what is not as asked', () => {
  const short = filesWith(/\bdraw\(random|\bdraw\([\w.]*\.random|random\.below\(|drawCode\(/).sort();
  assert.deepEqual(short, [
    'src/account/signup.ts',
    'src/addresses/confirmations.ts',
    'src/authenticators/code-text.ts',
    'src/authenticators/recovery-codes.ts',
    'src/link/user-code.ts',
    'src/random.ts',
    'src/recovery/issued-codes.ts',
    'src/web/error-pages.tsx',
  ]);
  const [, deviations = ''] = readFileSync(join(root, 'docs/security/requirements.md'), 'utf8').split(
    '## Not as asked',
  );
  const listed = deviations.split(/^- /m).find((item) => item.startsWith('**F24**')) ?? '';
  for (const words of [/codes of devices/, /by mail/, /by text/, /recovery codes/, /operator/])
    assert.match(listed, words);
});
