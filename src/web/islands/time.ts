/** Turns times in UTC into the reader's own time zone. */
for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-time]')) {
  const show = element.dataset.time;
  const options: Record<string, string> = {};
  if (show !== 'time') options.dateStyle = 'medium';
  if (show !== 'date') options.timeStyle = 'short';
  const instant = new Date(element.dateTime);
  try {
    element.textContent = new Intl.DateTimeFormat(document.documentElement.lang, options).format(instant);
    element.title = instant.toISOString();
  } catch {
    // A browser without these formats keeps the time in UTC.
  }
}

export {};
