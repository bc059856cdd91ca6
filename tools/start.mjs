// Builds, then serves: what `npm start` and `npm run dev` do.
await import('./build.mjs');
if (process.exitCode) process.exit();
const { main } = await import('../dist/src/main.js');
await main();
