import vm from 'node:vm';

export type Reply = { status: number; body?: unknown; retryAfter?: string };
export type Answer = (path: string, fields: URLSearchParams, at: number) => Reply;

class Element {
  readonly id: string;
  className = 'view';
  textContent = '';
  src = '';
  alt = '';
  onclick?: (event: object) => void;

  constructor(id: string) {
    this.id = id;
  }

  focus(): void {}

  set innerHTML(html: string) {
    this.textContent = html.replace(/<.*?>/g, '');
  }
}

type Timer = { at: number; run: () => void };

/**
 * As much of a television as the script needs: a document of stubs, answers handed in, and a clock that a test turns.
 * The script is run as it is served; only what surrounds it is pretended.
 */
export function createLivingRoom(script: string, answer: Answer, storage = new Map<string, string>()) {
  const elements = new Map<string, Element>();
  const timers = new Set<Timer>();
  const requests: { path: string; at: number; fields: URLSearchParams }[] = [];
  let now = 0;
  let visible: () => void = () => {};

  const byId = (id: string): Element => {
    const known = elements.get(id);
    if (known) return known;
    const made = new Element(id);
    elements.set(id, made);
    return made;
  };

  class XMLHttpRequest {
    readyState = 0;
    status = 0;
    responseText = '';
    onreadystatechange: () => void = () => {};
    #path = '';
    #reply: Reply = { status: 0 };

    open(_method: string, path: string): void {
      this.#path = path;
    }

    setRequestHeader(): void {}

    getResponseHeader(): string | null {
      return this.#reply.retryAfter ?? null;
    }

    send(body: string): void {
      const fields = new URLSearchParams(body);
      requests.push({ path: this.#path, at: now / 1000, fields });
      this.#reply = answer(this.#path, fields, now / 1000);
      this.readyState = 4;
      this.status = this.#reply.status;
      this.responseText = JSON.stringify(this.#reply.body ?? '');
      this.onreadystatechange();
    }
  }

  const document = {
    body: {
      dataset: {
        base: '/examples/tv',
        issuer: 'https://id.example.org',
        client: 'example-tv',
        scope: 'openid',
        held: '',
      },
    },
    hidden: false,
    activeElement: null,
    getElementById: byId,
    querySelector: () => null,
    querySelectorAll: () => [],
    addEventListener: (_name: string, run: () => void) => {
      visible = run;
    },
    onkeydown: (_event: object) => {},
  };

  vm.runInNewContext(script, {
    document,
    window: { performance: { now: () => now } },
    XMLHttpRequest,
    Math: Object.assign(Object.create(Math), {
      random: () => 0,
      max: Math.max,
      min: Math.min,
      pow: Math.pow,
      ceil: Math.ceil,
    }),
    JSON,
    encodeURIComponent,
    parseInt,
    setTimeout: (run: () => void, milliseconds: number) => {
      const timer = { at: now + milliseconds, run };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: Timer) => timers.delete(timer),
    localStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
      removeItem: (key: string) => storage.delete(key),
    },
  });

  return {
    storage,
    /** Presses the button with this id. */
    press: (id: string) => byId(id).onclick?.({ preventDefault: () => {} }),
    key: (keyCode: number) => document.onkeydown({ keyCode, preventDefault: () => {} }),
    text: (id: string) => byId(id).textContent,
    view: () => [...elements.values()].find((element) => element.className === 'view on')?.id,
    /** Lets so many seconds pass. */
    pass(seconds: number): void {
      const until = now + seconds * 1000;
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.at - b.at);
        if (!next || next.at > until) break;
        timers.delete(next);
        now = next.at;
        next.run();
      }
      now = until;
    },
    hide(hidden: boolean): void {
      document.hidden = hidden;
      visible();
    },
    /** When requests to the path went out, in seconds. */
    times: (path: string) => requests.filter((request) => request.path === path).map((request) => request.at),
    requests,
  };
}
