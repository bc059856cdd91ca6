/**
 * Sends a form once: a second press while the answer is on its way would send it again, and its answer would be shown
 * instead. Listens last, so that a form which another island stops is left to that island; `form.submit()` passes by.
 */
const pause = 8000;
const sent = new Map<HTMLFormElement, number>();

window.addEventListener('submit', (event) => {
  if (event.defaultPrevented) return;
  const form = event.target as HTMLFormElement;
  const before = sent.get(form);
  // Not for ever: an answer may get lost, and then a press must help.
  if (before !== undefined && performance.now() - before < pause) event.preventDefault();
  else sent.set(form, performance.now());
});

// The page may come back as it was left, from the browser's memory.
window.addEventListener('pageshow', () => sent.clear());

export {};
