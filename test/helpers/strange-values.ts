import fc from 'fast-check';

/** Words of the protocols and of our own forms. */
const names = words(`
  client_id client_secret scope grant_type device_code refresh_token code code_verifier token token_type_hint resource
  claims dpop_jkt device_name device_model device_type response_type response_mode redirect_uri state nonce prompt max_age
  login_hint acr_values code_challenge code_challenge_method request request_uri id_token_hint ui_locales display
  post_logout_redirect_uri xsrf logout csrf email password credential user_code decision seen account action name next
  locale theme problem reported what sent phone id kind confirm keep __proto__ constructor`);

const ordinary = words(`
  0 -1 1e309 null undefined {} [] {"a":1} true % %00 .. / openid none login consent S256 plain query form_post
  authorization_code refresh_token client_credentials urn:ietf:params:oauth:grant-type:device_code approve decline report
  look rename unlink switch remove yes all code en ar dark https://app.example/callback javascript:alert(1) //evil.example
  http://[::1 sam@example.org a@b GGGG-GGGG eyJhbGciOiJub25lIn0.e30. ${'a'.repeat(43)} ${'x'.repeat(3000)} 🗝️`);
const odd = ['', '[object Object]', 'openid profile email offline_access', "' or 1=1 --", '\u0000', '\u202e\u2066'];

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

// Made once: fast-check keeps a table of every character there is.
const characters = fc.string({ unit: 'binary', maxLength: 60 });

/** Text for any place in a form or an address. */
export const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ordinary, ...odd) },
  { weight: 2, arbitrary: characters },
  { weight: 2, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
);

/** Names of fields, mostly such as somebody reads. */
export const anyName = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: anyText });

/** A value of a header: what HTTP allows, no more. */
export const headerText = fc.oneof(fc.constantFrom(...ordinary, ...odd), characters).map((value) =>
  Buffer.from(value)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim(),
);

/** What may stand in the first line of a request: no spaces, no controls, nothing beyond ASCII. */
export const inUrl = (raw: string): string => raw.replace(/[^\x21-\x7e]/g, '').replace(/[?#]/g, '');
export const inHeader = (value: string): string => value.replace(/[^\x21-\x7e]/g, '');

/** Headers that anybody may send, each of them now and then. */
export const anyHeaders = fc.record(
  {
    accept: fc.oneof(fc.constantFrom('text/html', 'application/json', '*/*', 'text/html;q=0.1, */*;q=0'), headerText),
    dpop: headerText,
    origin: fc.oneof(
      fc.constantFrom('null', 'http://localhost:1', 'https://app.example', 'https://evil.example'),
      headerText,
    ),
    'sec-fetch-site': fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none', 'nonsense'),
    'accept-language': fc.oneof(fc.constantFrom('de', 'ar', 'xx;q=2', '*', ',,;q=,'), headerText),
    'user-agent': headerText,
    prefer: fc.oneof(
      fc.constantFrom('wait=0', 'wait=-1', 'wait=x', 'wait=1', 'respond-async'),
      headerText.map((value) => value.replace(/wait/gi, '')),
    ),
    'x-forwarded-for': fc.oneof(headerText, fc.ipV4(), fc.ipV6()),
    'x-forwarded-host': headerText,
    'x-forwarded-proto': fc.constantFrom('https', 'http', 'javascript'),
    range: fc.constantFrom('bytes=0-1', 'bytes=-', 'lines=1', 'bytes=9-1'),
    'if-none-match': headerText,
    'access-control-request-method': fc.constantFrom('POST', 'DELETE', ''),
    'access-control-request-headers': headerText,
  },
  { requiredKeys: [] },
);

/** Types of content, mostly not what the content is. */
export const anyContentType = fc.oneof(
  fc.constantFrom('application/json', 'multipart/form-data; boundary=x', 'text/plain', 'a/b;charset=utf-7'),
  headerText,
);
