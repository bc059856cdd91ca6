/** Reloads a page that waits for something once that has happened. */
const pause = 2000;
const longest = 20 * 60_000;

for (const element of document.querySelectorAll<HTMLElement>('[data-live]')) {
  const { live = '', state } = element.dataset;
  const started = Date.now();
  const ask = async (): Promise<void> => {
    if (Date.now() - started > longest) return;
    if (!document.hidden && (await changed(live, state))) location.reload();
    else setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
}

async function changed(url: string, state: string | undefined): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (!answer.ok) return false;
    const now = (await answer.json()) as { state?: unknown };
    return now.state !== state;
  } catch {
    return false;
  }
}

export {};
