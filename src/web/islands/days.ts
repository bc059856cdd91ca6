/** The server groups by days in UTC; here each row goes under its reader's own day. */
for (const list of document.querySelectorAll('[data-days]')) {
  const pattern = list.querySelector('section');
  const rows = [...list.querySelectorAll('li')];
  const days: Element[] = [];
  let day = '';
  for (const row of rows) {
    const at = new Date(row.querySelector('time')?.dateTime ?? '');
    if (pattern && at.toDateString() !== day) {
      day = at.toDateString();
      const section = pattern.cloneNode(true) as Element;
      section.querySelector('h2 time')?.setAttribute('datetime', at.toISOString());
      for (const old of section.querySelectorAll('li')) old.remove();
      days.push(section);
    }
    days[days.length - 1]?.querySelector('ul')?.append(row);
  }
  for (const section of list.querySelectorAll('section')) section.remove();
  list.append(...days);
}

export {};
