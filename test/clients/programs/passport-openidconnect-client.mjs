// passport-openidconnect: a web app whose own server sends its people to sign in. The library has no PKCE: the client is
// registered with `--pkce optional`, and the app asks for a nonce in its place.
import { once } from 'node:events';
import { createServer } from 'node:http';
import session from 'express-session';
import { Passport } from 'passport';
import Strategy from 'passport-openidconnect';
import { isTold, opens, settings } from './person.mjs';

const { issuer, web, callback } = settings;
const passport = new Passport();
passport.use(
  new Strategy(
    {
      issuer,
      authorizationURL: `${issuer}/auth`,
      tokenURL: `${issuer}/token`,
      userInfoURL: `${issuer}/userinfo`,
      clientID: web.id,
      clientSecret: web.secret,
      callbackURL: callback,
      scope: ['email'],
      nonce: true,
    },
    (_issuer, profile, done) => done(null, profile),
  ),
);
const steps = [
  session({ secret: 'of this app alone', resave: false, saveUninitialized: false }),
  passport.initialize(),
  passport.authenticate('openidconnect', { session: false, failWithError: true }),
];

const app = createServer(async (request, response) => {
  request.query = Object.fromEntries(new URL(request.url, callback).searchParams);
  try {
    for (const step of steps)
      await new Promise((next, refuse) => step(request, response, (error) => (error ? refuse(error) : next())));
    response.end(JSON.stringify(request.user));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
app.listen(0, '127.0.0.1');
await once(app, 'listening');
const own = `http://127.0.0.1:${app.address().port}`;

// What the person's browser does at the app.
const start = await fetch(own, { redirect: 'manual' });
const cookie = start.headers.getSetCookie()[0].split(';')[0];
const back = await opens(start.headers.get('location'));
const end = await fetch(own + back.pathname + back.search, { headers: { cookie } });
const answer = await end.text();
isTold(end.status === 200 ? { profile: JSON.parse(answer) } : { status: end.status, answer });
