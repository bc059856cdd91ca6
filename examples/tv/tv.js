// ES5 and XMLHttpRequest only: televisions of 2016 run Chromium 38.
(function () {
'use strict';
var data = document.body.dataset;
var views = ['idle', 'waiting', 'ask', 'home', 'over'];
var endpoints = null;
var codes = []; // live codes, the shown one last; an older one is good to its own end
var stopAt = 0; // half an hour after the last button
var attempt = 0; // answers and timers of an earlier one are ignored
var saved = null; // { access, refresh, name, yes }
var dimmer = 0;

if (data.held) {
  // Started without scripts: the server holds the code, and this only keeps the page fresh.
  if (byId('waiting').className === 'view on') setTimeout(function () { location.reload(); }, 10000);
  focusButton();
  return;
}

function byId(id) { return document.getElementById(id); }
function put(id, text) { byId(id).textContent = text; }
function seconds() { return window.performance.now() / 1000; } // the clock of a TV may jump, this one does not

function show(view) {
  for (var i = 0; i < views.length; i++) byId(views[i]).className = views[i] === view ? 'view on' : 'view';
  focusButton();
  wake();
}

function focusButton() {
  var button = document.querySelector('.on button');
  if (button) button.focus();
}

function say(text, unusual) {
  var status = byId('status');
  if (status.textContent !== text) status.textContent = text;
  status.className = unusual ? 'status unusual' : 'status';
}

function later(pause, act) {
  var mine = attempt;
  return setTimeout(function () { if (mine === attempt) act(); }, pause * 1000);
}

// done(status, body, retryAfter, held): status 0 when nothing came back, body empty when it was no JSON.
function request(url, fields, done, token, hold) {
  var xhr = new XMLHttpRequest();
  var mine = attempt;
  var form = [];
  for (var name in fields) form.push(name + '=' + encodeURIComponent(fields[name]));
  // This page lives on the issuer's own origin, whichever of its names the TV was given.
  xhr.open(fields ? 'POST' : 'GET', url.replace(/^https?:\/\/[^\/]+/i, ''));
  xhr.timeout = 10000 + (hold || 0) * 1000;
  if (hold) xhr.setRequestHeader('Prefer', 'wait=' + hold); // RFC 7240: answer when there is news
  if (fields) xhr.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
  if (token) xhr.setRequestHeader('Authorization', 'Bearer ' + token);
  xhr.onreadystatechange = function () {
    if (xhr.readyState !== 4 || mine !== attempt) return;
    var body = {};
    try { body = JSON.parse(xhr.responseText) || body; } catch (e) {}
    done(xhr.status, body, parseInt(xhr.getResponseHeader('Retry-After'), 10) || 0,
      xhr.getResponseHeader('Preference-Applied'));
  };
  xhr.send(form.join('&'));
  return xhr;
}

function discover(then, failed) {
  if (endpoints) return then();
  request(data.issuer + '/.well-known/openid-configuration', null, function (status, body) {
    if (!body.token_endpoint) return failed(status, {}, 0);
    endpoints = body;
    then();
  });
}

// RFC 8628 §3.1: only ever called because somebody pressed a button.
function start() {
  cancel();
  stopAt = seconds() + 1800;
  put('address', data.issuer.replace(/^https?:\/\//, ''));
  put('code', '…');
  byId('qr').src = data.base + '/blank.svg';
  say('Getting a code…');
  show('waiting');
  getCode(1);
}

function cancel() {
  attempt++;
  while (codes.length) quit(codes.pop());
}

// An approval must not come to a poll that nobody listens to.
function quit(code) {
  clearTimeout(code.timer);
  code.xhr.onreadystatechange = null;
  code.xhr.abort();
}

function getCode(tries) {
  function failed(status, body, retryAfter) {
    if (refused(status, body)) return;
    if (!codes.length) say((status ? 'The server is busy' : 'No connection') + '. We will keep trying.', true);
    if (seconds() > stopAt) return stop();
    later(Math.max(retryAfter, Math.min(60, Math.pow(2, tries)) * (1 + Math.random() / 5)),
      function () { getCode(tries + 1); });
  }
  discover(function () {
    request(endpoints.device_authorization_endpoint, {
      client_id: data.client, scope: data.scope,
      device_name: 'TV example', device_model: 'Web page', device_type: 'tv'
    }, function (status, body, retryAfter) {
      if (!body.device_code) return failed(status, body, retryAfter);
      showCode(body);
    });
  }, failed);
}

function refused(status, body) {
  if (!body.error || status >= 500 || status === 429) return false;
  over('This TV cannot sign in', 'The server said: ' + (body.error_description || body.error));
  return true;
}

function showCode(answer) {
  var code = {
    device: answer.device_code, interval: answer.interval || 5, failures: 0, cuts: 0, timer: 0,
    life: answer.expires_in, ends: seconds() + answer.expires_in
  };
  codes.push(code);
  put('address', answer.verification_uri.replace(/^https?:\/\//, ''));
  byId('code').innerHTML = answer.user_code.replace(/[^\w-]/g, '').replace(/-/g, '<i>-</i>');
  byId('code').className = answer.user_code.length > 11 ? 'plate long' : 'plate';
  var complete = answer.verification_uri_complete || answer.verification_uri;
  byId('qr').alt = 'QR code for ' + complete;
  byId('qr').src = data.base + '/qr?text=' + encodeURIComponent(complete);
  tell(code);
  poll(code); // at once: the interval is between polls
}

// Whole minutes: a running clock would distract (WCAG 2.2.2).
function tell(code, opened) {
  var minutes = Math.ceil((code.ends - seconds()) / 60);
  if (opened) return say('Opened on your phone. Finish there.');
  if (code !== codes[codes.length - 1]) return;
  if (codes.length > 1) return say('Here is a fresh code. The one before still works for a moment.');
  say('Waiting for your phone. This code works for ' + (minutes > 1 ? minutes + ' minutes.' : 'one more minute.'));
}

function pollLater(code, pause) {
  code.timer = later(pause, function () {
    code.timer = 0;
    if (!document.hidden) poll(code); // else visibilitychange goes on
  });
}

function poll(code) {
  var asked = seconds();
  // Plain after a failure, to learn soon that it is over; for good where two were cut.
  var hold = code.failures || code.cuts > 1 ? 0 : 25;
  code.timer = -1;
  code.xhr = request(endpoints.token_endpoint, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code.device, client_id: data.client
  }, answered, null, hold);

  function answered(status, body, retryAfter, held) {
    var error = body.error;
    var left = code.ends - seconds();
    var took = seconds() - asked;
    if (body.access_token) {
      say('Linked. One moment…');
      return keep(body);
    }
    if (error === 'access_denied') return over('Turned down on your phone', 'Nothing was linked.');
    if (error === 'expired_token' || error === 'invalid_grant') return drop(code);
    if (error === 'authorization_pending' || error === 'slow_down') {
      if (left <= 0) return drop(code);
      if (error === 'slow_down') code.interval += 5; // RFC 8628 §3.5: for good
      code.failures = 0;
      tell(code, body.claimed);
      renew(code, left);
      return pollLater(code, code.interval - (held ? took : 0));
    }
    if (refused(status, body)) return;
    // RFC 8628 §3.5: slower while nothing answers, from question to question.
    if (left <= -60) return drop(code);
    code.failures++;
    if (hold && took > 5) code.cuts++;
    say('No connection. We will keep trying.', true);
    var doubled = Math.min(60, code.interval * Math.pow(2, code.failures)) - took;
    pollLater(code, Math.max(5, doubled, Math.min(retryAfter, left)) * (1 + Math.random() / 5));
  }
}

// A minute before the end, a fresh code takes the screen, unless it would outlive the half hour.
function renew(code, left) {
  if (left > 60 || code.renewed || seconds() + code.life > stopAt) return;
  code.renewed = true;
  getCode(1);
}

function drop(code) {
  codes.splice(codes.indexOf(code), 1);
  if (!codes.length) stop();
  else tell(codes[0]);
}

function stop() { over('That code ran out', 'Press OK for a new code.'); }

function over(title, text) {
  cancel();
  put('over-title', title);
  put('over-text', text);
  show('over');
}

function keep(tokens) {
  cancel();
  saved = saved || {};
  saved.access = tokens.access_token;
  saved.refresh = tokens.refresh_token || saved.refresh;
  store();
  later(saved.name ? 5 : 0, check);
}

function store() {
  try {
    if (saved) localStorage.setItem('latchkey-tv', JSON.stringify(saved));
    else localStorage.removeItem('latchkey-tv');
  } catch (e) {}
}

// Who is it? Again every half minute, so that unlinking on the phone shows here.
function check() {
  function again() { later(30, check); }
  discover(function () {
    request(endpoints.userinfo_endpoint, null, function (status, body) {
      if (status === 401) return refresh(again);
      if (body.sub && saved.name !== describe(body)) {
        saved.name = describe(body);
        store();
        greet();
      }
      again();
    }, saved.access);
  }, again);
}

function refresh(again) {
  request(endpoints.token_endpoint,
    { grant_type: 'refresh_token', refresh_token: saved.refresh, client_id: data.client },
    function (status, body) {
      if (body.access_token) return keep(body);
      if (!body.error || status >= 500 || status === 429) return again();
      forget();
      over('This TV was unlinked', 'Nothing of yours is kept here.');
    });
}

function greet() {
  put('who', saved.name);
  put('home-who', saved.name);
  show(saved.yes ? 'home' : 'ask');
}

// Never the whole address: others are in the room.
function describe(person) {
  var parts = String(person.email || '').split('@');
  var hidden = parts[1] ? parts[0].charAt(0) + '…@' + parts[1] : '';
  if (person.name && person.name !== parts[0]) return person.name + '’s account' + (hidden ? ' (' + hidden + ')' : '');
  return hidden ? 'the account ' + hidden : 'your account';
}

function forget() {
  cancel();
  saved = null;
  store();
}

function signOut() {
  function done(status) {
    put('note', status === 200 ? '' : 'No connection. You are still signed in. Try again.');
    if (status !== 200) return show('home');
    forget();
    show('idle');
  }
  put('note', 'Signing out…');
  discover(function () {
    request(endpoints.revocation_endpoint, { token: saved.refresh || saved.access, client_id: data.client }, done);
  }, done);
}

function on(id, act) {
  byId(id).onclick = function (event) {
    event.preventDefault(); // the form is for televisions without scripts
    act();
  };
}
on('start', start);
on('again', function () {
  stopAt = seconds() + 1800;
  if (codes.length > 2) quit(codes.shift());
  getCode(1);
});
on('new', start);
on('yes', function () { saved.yes = true; store(); show('home'); });
on('no', signOut);
on('out', signOut);

function wake() {
  byId('safe').className = '';
  clearTimeout(dimmer);
  dimmer = setTimeout(function () { byId('safe').className = 'dim'; }, 5 * 60000);
}

document.onkeydown = function (event) {
  var key = event.keyCode;
  var buttons = document.querySelectorAll('.on button');
  wake();
  if (key >= 37 && key <= 40) {
    var at = Array.prototype.indexOf.call(buttons, document.activeElement) + (key > 38 ? 1 : -1);
    buttons[Math.max(0, Math.min(buttons.length - 1, at))].focus();
    event.preventDefault();
  } else if (key === 13 && document.activeElement === document.body) {
    focusButton();
  } else if (/^(8|27|166|461|10009)$/.test(key) && !saved && byId('idle').className === 'view') {
    cancel(); // Back: keyboards, browsers, webOS, Tizen
    show('idle');
    event.preventDefault();
  }
};

document.addEventListener('visibilitychange', function () {
  if (document.hidden) return;
  for (var i = codes.length - 1; i >= 0; i--) if (codes[i].timer === 0) poll(codes[i]);
});

try { saved = JSON.parse(localStorage.getItem('latchkey-tv')); } catch (e) {}
if (saved && saved.access) {
  if (saved.name) greet();
  check();
} else {
  saved = null;
  show('idle');
}
})();
