/** Which of the five views is on, and the words in it. What is absent stays empty for the script to fill. */
export type TvView =
  | { view: 'idle' }
  | { view: 'waiting'; userCode: string; address: string; qr: string; status: string; unusual: boolean }
  | { view: 'ask'; account: string }
  | { view: 'home'; account: string }
  | { view: 'over'; title: string; text: string };

export type TvPage = {
  /** Where the example is mounted, without a slash at the end. */
  base: string;
  issuer: string;
  clientId: string;
  scope: string;
  /** True when the server holds the code, because the television runs no scripts. The script then keeps out of it. */
  held: boolean;
  now: TvView;
};

/** One page for both worlds: the server fills in a view, or the script does; forms post when there is no script. */
export function renderTvPage(page: TvPage): string {
  const { now } = page;
  const on = (view: TvView['view']) => `id="${view}" class="view${now.view === view ? ' on' : ''}"`;
  // A remote without a focused button is stuck; with scripts off nothing else sets the focus.
  const focus = (view: TvView['view']) => (now.view === view ? ' autofocus' : '');
  const button = (label: string, action: string, id: string, focused = '') =>
    `<form method="post" action="${page.base}/${action}"><button id="${id}"${focused}>${label}</button></form>`;
  const waiting = now.view === 'waiting' ? now : undefined;
  const account = 'account' in now ? escapeHtml(now.account) : '';
  const refresh = page.held && waiting ? '<noscript><meta http-equiv="refresh" content="10"></noscript>' : '';
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Latchkey TV example</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${page.base}/tv.css">
</head>
<body data-base="${page.base}" data-issuer="${escapeHtml(page.issuer)}" data-client="${escapeHtml(page.clientId)}"
 data-scope="${escapeHtml(page.scope)}" data-held="${page.held ? 1 : ''}">
<main id="safe">
<p id="mark">${mark}Latchkey <b>TV example</b></p>
<div ${on('idle')}><div class="words">
<h1>Sign in with your phone</h1>
<p>This TV shows you a code. You enter it on your phone or computer, so there is nothing to type here.</p>
${button('Show a code', 'start', 'start', focus('idle'))}
</div><div class="qr wide"><img alt="" src="${page.base}/picture.svg"></div></div>
<div ${on('waiting')}><div class="words">
<h1 class="unseen">Sign in with your phone</h1>
<p class="step">1. On your phone, go to</p>
<p class="address" id="address">${escapeHtml(waiting?.address ?? '')}</p>
<p class="step">2. Enter this code. Only you should enter it.</p>
<p class="plate${isLong(waiting?.userCode) ? ' long' : ''}" id="code">${escapeHtml(waiting?.userCode ?? '').replaceAll('-', '<i>-</i>')}</p>
<p class="step">3. Keep this screen on. It will change by itself.</p>
<p class="status${waiting?.unusual ? ' unusual' : ''}" id="status" role="status">${escapeHtml(waiting?.status ?? '')}</p>
${button(page.held ? 'I have entered the code' : 'Get a new code', page.held ? 'look' : 'start', 'again', focus('waiting'))}
</div><div class="qr code"><img id="qr" alt="" src="${waiting ? qrAddress(page.base, waiting.qr) : `${page.base}/blank.svg`}">
Or scan this with your phone</div></div>
<div ${on('ask')}><div class="words">
${tick}
<h1>Linked to <span id="who">${account}</span></h1>
<p><b>Is this you?</b> Until you say yes, nothing leaves this TV. You can put your phone away.</p>
${button('Yes, this is me', 'yes', 'yes', focus('ask'))}${button('No, sign out', 'out', 'no')}
</div></div>
<div ${on('home')}><div class="words">
<h1>Signed in</h1>
<p>This TV is linked to <b id="home-who">${account}</b>.</p>
<p class="status" id="note" role="status"></p>
${button('Sign out', 'out', 'out', focus('home'))}
</div></div>
<div ${on('over')}><div class="words">
<h1 id="over-title">${now.view === 'over' ? escapeHtml(now.title) : ''}</h1>
<p id="over-text">${now.view === 'over' ? escapeHtml(now.text) : ''}</p>
${button('Get a new code', 'start', 'new', focus('over'))}
</div></div>
</main>
<script src="${page.base}/tv.js"></script>
</body>
</html>
`;
}

const mark = `<svg viewBox="1 6 30 20" fill="none" stroke="#7fcabd" stroke-width="3" stroke-linecap="round" aria-hidden="true">
<circle cx="11" cy="16" r="8.5"/><path d="M19.5 16H30M25 16v5M29 16v4M11 16v.1"/></svg>`;

const tick = `<svg class="tick" viewBox="0 0 48 48" fill="none" stroke="#7fcabd" stroke-width="3.5" aria-hidden="true">
<circle cx="24" cy="24" r="21"/><path d="M14 25l7 7 14-15"/></svg>`;

function qrAddress(base: string, text: string): string {
  return `${base}/qr?text=${encodeURIComponent(text)}`;
}

function isLong(userCode: string | undefined): boolean {
  return (userCode ?? '').length > 11;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
