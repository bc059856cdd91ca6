import vm from 'node:vm';

/** `held`: comes after so many seconds, if the script prefers to wait. */
export type Reply = { status: number; body?: unknown; retryAfter?: string; held?: number };
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
  const waiting = new Set<URLSearchParams>();
  const requests: { path: string; at: number; fields: URLSearchParams; prefer: string | undefined }[] = [];
  let now = 0;
  let visible: () => void = () => {};

  const byId = (id: string): Element => {
    const known = elements.get(id);
    if (known) return known;
    const made = new Element(id);
    elements.set(id, made);
    return made;
  };

  const after = (milliseconds: number, run: () => void): Timer => {
    const timer = { at: now + Math.max(0, milliseconds), run };
    timers.add(timer);
    return timer;
  };

  class XMLHttpRequest {
    readyState = 0;
    status = 0;
    timeout = 0;
    responseText = '';
    onreadystatechange: (() => void) | null = () => {};
    #path = '';
    #headers = new Map<string, string>();
    #answers = new Map<string, string>();
    #answer: Timer | undefined;
    #fields = new URLSearchParams();

    open(_method: string, path: string): void {
      this.#path = path;
    }

    setRequestHeader(name: string, value: string): void {
      this.#headers.set(name, value);
    }

    getResponseHeader(name: string): string | null {
      return this.#answers.get(name) ?? null;
    }

    send(body: string): void {
      const fields = new URLSearchParams(body);
      this.#fields = fields;
      const prefer = this.#headers.get('Prefer');
      requests.push({ path: this.#path, at: now / 1000, fields, prefer });
      waiting.add(fields);
      const reply = answer(this.#path, fields, now / 1000);
      const held = prefer === undefined || reply.held === undefined ? 0 : reply.held * 1000;
      this.#answer = after(Math.min(held, this.timeout), () => {
        if (held < this.timeout) this.#take(reply, held > 0 ? prefer : undefined);
        this.#done();
      });
    }

    abort(): void {
      if (this.#answer && timers.delete(this.#answer)) this.#done();
    }

    #take(reply: Reply, applied: string | undefined): void {
      this.status = reply.status;
      if (reply.status === 0) return;
      this.responseText = JSON.stringify(reply.body ?? '');
      if (reply.retryAfter !== undefined) this.#answers.set('Retry-After', reply.retryAfter);
      if (applied !== undefined) this.#answers.set('Preference-Applied', applied);
    }

    #done(): void {
      this.readyState = 4;
      waiting.delete(this.#fields);
      this.onreadystatechange?.();
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
    setTimeout: (run: () => void, milliseconds: number) => after(milliseconds, run),
    clearTimeout: (timer: Timer) => timers.delete(timer),
    localStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
      removeItem: (key: string) => storage.delete(key),
    },
  });

  /** Lets so many seconds pass. */
  function pass(seconds: number): void {
    const until = now + seconds * 1000;
    for (;;) {
      const [next] = [...timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > until) break;
      timers.delete(next);
      now = next.at;
      next.run();
    }
    now = until;
  }

  pass(0);
  return {
    storage,
    pass,
    /** Presses the button with this id, and lets answers come that need no time. */
    press(id: string): void {
      byId(id).onclick?.({ preventDefault: () => {} });
      pass(0);
    },
    key: (keyCode: number) => document.onkeydown({ keyCode, preventDefault: () => {} }),
    text: (id: string) => byId(id).textContent,
    view: () => [...elements.values()].find((element) => element.className === 'view on')?.id,
    hide(hidden: boolean): void {
      document.hidden = hidden;
      visible();
      pass(0);
    },
    /** The device codes of requests that are open. */
    waiting: () => [...waiting].map((fields) => fields.get('device_code')),
    /** When requests to the path went out, in seconds. */
    times: (path: string) => requests.filter((request) => request.path === path).map((request) => request.at),
    requests,
  };
}
