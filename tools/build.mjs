// Builds dist/: server, islands, styles, fonts, messages and the manifest of assets. Plain JavaScript, for it runs before tsc has.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserslistToTargets, bundle } from 'lightningcss';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const assets = join(dist, 'assets');

process.chdir(root);
compile('.');
compile('src/web/islands');
copyMessages();
writeAssets();

function compile(project) {
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], { stdio: 'inherit' });
  if (tsc.status !== 0) process.exit(tsc.status ?? 1);
}

/** Messages lie beside the compiled rooms, where the server looks for them. */
function copyMessages() {
  for (const file of globSync('src/*/messages/*.json')) cpSync(file, join(dist, file));
}

/** Every asset carries a hash of its content in its name, so that it can be cached for ever. */
function writeAssets() {
  rmSync(assets, { recursive: true, force: true });
  mkdirSync(assets, { recursive: true });
  const fonts = copyFonts();
  const style = writeAsset('latchkey.css', buildStyle(fonts));
  const script = writeAsset('islands.js', readFileSync('dist/islands/islands.js'));
  const icon = writeAsset('icon.svg', readFileSync('src/web/icon.svg'));
  const preload = [...fonts].filter(([name]) => /next-latin-wght/.test(name)).map(([, path]) => path);
  writeFileSync(join(assets, 'manifest.json'), JSON.stringify({ style, script, icon, fonts: preload }));
}

function writeAsset(name, content) {
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 10);
  const [stem, extension] = name.split(/\.(?=[^.]+$)/);
  const path = `${stem}-${hash}.${extension}`;
  writeFileSync(join(assets, path), content);
  return `/assets/${path}`;
}

function copyFonts() {
  const files = globSync('node_modules/@fontsource-variable/atkinson-hyperlegible-*/files/*-wght-normal.woff2');
  return new Map(files.map((file) => [file.split('/').at(-1), writeAsset(file.split('/').at(-1), readFileSync(file))]));
}

function buildStyle(fonts) {
  const { code } = bundle({
    filename: 'src/web/styles/latchkey.css',
    minify: true,
    targets: { chrome: 80 << 16, safari: (13 << 16) | (1 << 8), firefox: 78 << 16 },
  });
  return code.toString().replace(/font:([\w-]+\.woff2)/g, (_, name) => {
    const path = fonts.get(name);
    if (!path) throw new Error(`The style names the font ${name}, which is not there.`);
    return path;
  });
}
