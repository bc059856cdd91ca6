// The engine warns at import about any Node.js that is not labelled as a long-term release, which the builds on npm
// never are. It runs on this one: the test suite is the proof.
(process.release as { lts?: string }).lts ??= 'unlabelled';
