/** Reloads a page that waits for something once that has happened: told by an event stream, else by asking now and then. */
const longest = 20 * 60_000;
/** Milliseconds within which a stream must say its state: at first, in case a proxy keeps it; later, more than two beats. */
const firstWord = 5000;
const nextWord = 45_000;
const closed = 2;
/** Kept over the loading: it would send whoever uses a keyboard or a screen reader back to the start of the page. */
const newsKey = 'latchkey-news';

if (takeNews()) showNews();

for (const element of document.querySelectorAll<HTMLElement>('[data-live]')) {
  const { live = '', state = '' } = element.dataset;
  watch(live, state);
}

function watch(url: string, state: string): void {
  const started = Date.now();
  let source: EventSource | undefined;
  let timer = 0;
  let asked = 0;
  let leaving = false;

  const stop = (): void => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };

  const told = (now: string | undefined): void => {
    if (now === undefined || now === state || leaving) return;
    stop();
    keepNews();
    location.reload();
  };

  const later = (act: () => void, pause: number): void => {
    clearTimeout(timer);
    timer = setTimeout(act, pause);
  };

  /** A network that fails is tried again by the browser itself; a refusal is not, and neither is a stream that says nothing. */
  const listen = (): void => {
    if (typeof EventSource === 'undefined') {
      later(ask, 2000);
      return;
    }
    const opened = new EventSource(url);
    source = opened;
    opened.onmessage = ({ data }): void => {
      if (Date.now() - started > longest) stop();
      else later(ask, nextWord);
      told(stateIn(data));
    };
    opened.onerror = (): void => {
      if (opened.readyState === closed) later(ask, 0);
    };
    later(ask, firstWord);
  };

  /** Less and less often; every tenth time a stream is tried again. */
  const ask = async (): Promise<void> => {
    stop();
    asked += 1;
    const attempt = asked;
    const now = await fetchState(url);
    // Hidden meanwhile, or shown again: another round has begun.
    if (attempt !== asked || document.hidden || leaving) return;
    told(now);
    if (Date.now() - started > longest) return;
    later(asked % 10 === 0 ? listen : ask, Math.min(2000 + asked * 250, 10_000));
  };

  // A page that nobody sees needs no stream, and a browser has only six connections to a server.
  document.addEventListener('visibilitychange', () => {
    stop();
    asked += 1;
    if (!document.hidden && !leaving) listen();
  });
  // What the page waits for may come about by its own form: loading it again would cut the answer short.
  document.addEventListener('submit', () => {
    leaving = true;
    stop();
  });
  if (!document.hidden) listen();
}

function keepNews(): void {
  try {
    sessionStorage.setItem(newsKey, 'yes');
  } catch {
    // A browser that keeps nothing loads the page all the same.
  }
}

function takeNews(): boolean {
  try {
    const kept = sessionStorage.getItem(newsKey) !== null;
    sessionStorage.removeItem(newsKey);
    return kept;
  } catch {
    return false;
  }
}

/** What has changed is read out, and the keyboard goes on from there; a field that wants to be typed into comes first. */
function showNews(): void {
  if (document.querySelector('[autofocus], [data-focus]')) return;
  const news =
    document.querySelector<HTMLElement>('main [data-state]') ?? document.querySelector<HTMLElement>('main h1');
  news?.setAttribute('tabindex', '-1');
  news?.focus();
}

async function fetchState(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' }, cache: 'no-store' });
    return answer.ok ? stateIn(await answer.text()) : undefined;
  } catch {
    return undefined;
  }
}

function stateIn(text: string): string | undefined {
  try {
    const { state } = JSON.parse(text) as { state?: unknown };
    return typeof state === 'string' ? state : undefined;
  } catch {
    return undefined;
  }
}

export {};
