/** Turns times in UTC into the reader's own time zone, as written in their region if it speaks the page's language. */
const { lang } = document.documentElement;
const locale = navigator.language.split('-')[0] === lang ? navigator.language : lang;

for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-time]')) {
  const show = element.dataset.time;
  const options: Record<string, string> = {};
  if (show !== 'time') options.dateStyle = 'medium';
  if (show !== 'date') options.timeStyle = 'short';
  const instant = new Date(element.dateTime);
  try {
    element.textContent = new Intl.DateTimeFormat(locale, options).format(instant);
    element.title = instant.toISOString();
  } catch {
    // A browser without these formats keeps the time in UTC.
  }
}

export {};
