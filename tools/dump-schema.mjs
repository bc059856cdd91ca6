// Writes both engines' schemas, as they are after every migration, beside the migrations.
// Run it after changing a migration: npm run dump-schema
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');
try {
  execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: root, stdio: 'inherit' });
} catch {
  console.error('There are type errors; the dump is of what was compiled nevertheless.');
}

const { createDatabasePlace } = await import('../dist/test/helpers/databases.js');
for (const [name, file] of [
  ['SQLite', 'schema.sqlite.sql'],
  ['PostgreSQL', 'schema.postgres.sql'],
]) {
  const place = await createDatabasePlace(name);
  try {
    const database = place.open();
    await database.migrate();
    const path = new URL(`src/drivers/database/${file}`, root);
    writeFileSync(path, await database.dumpSchema());
    console.log(`wrote src/drivers/database/${file}`);
  } finally {
    await place.remove();
  }
}
// The server that was started for this ends with the process.
process.exit();
