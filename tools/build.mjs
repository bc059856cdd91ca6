// Builds dist/: server, islands, styles, fonts, messages and the manifest of assets. Plain JavaScript: it runs before tsc has.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from 'lightningcss';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const assets = 'dist/assets';
const require = createRequire(import.meta.url);
const common = require('@zxcvbn-ts/language-common');
const english = require('@zxcvbn-ts/language-en');

// The SDK first: the examples import it by its name, as any device would.
const sound = [compile('sdk'), compile('.'), compile('src/web/islands')].every(Boolean);
for (const file of globSync('src/*/messages/*.json')) cpSync(file, join('dist', file));
writeFileSync('dist/src/authenticators/common-passwords.txt', listCommonPasswords());
writeAssets();
if (sound) compileAhead();
// Last, so that one room's type error does not keep another's words and styles out of dist/.
if (!sound) process.exitCode = 1;

function compile(project) {
  const arguments_ = ['node_modules/typescript/bin/tsc', '-p', project];
  return spawnSync(process.execPath, arguments_, { stdio: 'inherit' }).status === 0;
}

/** Half of a start is compiling some thousand files: done once, into the folder that bin/latchkey reads. */
function compileAhead() {
  const loadAll = `
    require('node:module').enableCompileCache('dist/.compiled');
    Promise.all(['./dist/src/cli/cli.js', './dist/src/app.js'].map((file) => import(file))).then(() => process.exit());`;
  spawnSync(process.execPath, ['-e', loadAll, 'latchkey', 'version'], { stdio: 'ignore' });
}

/** Files of earlier builds stay: a running server may still name them. */
function writeAssets() {
  mkdirSync(assets, { recursive: true });
  const fonts = new Map();
  for (const file of globSync('node_modules/@fontsource-variable/atkinson-hyperlegible-*/files/*-wght-normal.woff2'))
    fonts.set(basename(file), writeAsset(basename(file), readFileSync(file)));
  const manifest = {
    style: writeAsset('latchkey.css', buildStyle(fonts)),
    script: writeAsset('islands.js', joinIslands()),
    press: writeAsset('press.js', joined(['dist/islands/once.js', 'dist/islands/press.js'])),
    meter: writeAsset('meter.js', joinMeter()),
    icon: writeAsset('icon.svg', readFileSync('src/web/icon.svg')),
    fonts: [fonts.get('atkinson-hyperlegible-next-latin-wght-normal.woff2')],
  };
  writeFileSync(join(assets, 'manifest.json'), JSON.stringify(manifest));
}

/** A hash of the content in every name, so that browsers may keep the file for ever. */
function writeAsset(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const file = name.replace(/(?=\.[^.]+$)/, `-${hash}`);
  writeFileSync(join(assets, file), content);
  return `/assets/${file}`;
}

function joinIslands() {
  return joined(globSync('dist/islands/*.js').filter((file) => !file.endsWith('press.js')));
}

/** Islands do not know each other: each becomes a block of one script. */
function joined(islands) {
  const blocks = islands.sort().map((file) => `{\n${readIsland(file)}}`);
  return blocks.join('\n').replace(/^ +/gm, '');
}

function readIsland(file) {
  return readFileSync(file, 'utf8').replace(/^export \{\};\s*$/m, '');
}

/** Rates passwords in the browser: the library as its makers built it, with the words that people choose first. */
function joinMeter() {
  const core = readFileSync('node_modules/@zxcvbn-ts/core/dist/zxcvbn-ts.js', 'utf8').replace(/^\/\/# source.*$/m, '');
  const { azerty, keypad, qwerty, qwertz } = common.adjacencyGraphs;
  const list = (words, most) => `${JSON.stringify(words.slice(0, most).join(' '))}.split(' ')`;
  return `const scope = {};
(function () {
${core}
}).call(scope);
const meter = new scope.zxcvbnts.core.ZxcvbnFactory({
  graphs: ${JSON.stringify({ azerty, keypad, qwerty, qwertz })},
  dictionary: {
    passwords: ${list(common.dictionary['passwords-common'], 20_000)},
    words: ${list(english.dictionary['commonWords-en'], 10_000)},
    names: ${list(english.dictionary['firstnames-en'], 5_000)},
  },
});
export const rate = (password, own) => meter.check(password, own).score;
`.replace(/^ +/gm, '');
}

/** What nobody may choose (security.md E4), for the server: of two word lists all that is long enough to be tried. */
function listCommonPasswords() {
  const all = [common, english].flatMap(({ dictionary }) => Object.values(dictionary).flat());
  const long = all.map((word) => word.normalize('NFC').toLowerCase()).filter((word) => [...word].length >= 8);
  return [...new Set(long)].sort().join('\n');
}

function buildStyle(fonts) {
  const targets = { chrome: 80 << 16, safari: (13 << 16) | (1 << 8), firefox: 78 << 16 };
  const { code } = bundle({ filename: 'src/web/styles/latchkey.css', minify: true, targets });
  const style = code.toString().replace(/font:([\w-]+\.woff2)/g, (_, name) => {
    if (!fonts.has(name)) throw new Error(`The styles name the font ${name}, which is not there.`);
    return fonts.get(name);
  });
  return openProps(style) + style;
}

/** Of Open Props' tokens, those the styles use. */
function openProps(style) {
  const source = readFileSync('node_modules/open-props/open-props.min.css', 'utf8');
  const used = new Set([...style.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name));
  const definitions = [...used]
    .filter((name) => !style.includes(`${name}:`))
    .map((name) => {
      const value = new RegExp(`[;{]${name}:([^;}]+)`).exec(source)?.[1];
      if (!value) throw new Error(`The styles use ${name}, which nobody defines.`);
      return `${name}:${value}`;
    });
  return `:root{${definitions.join(';')}}`;
}
