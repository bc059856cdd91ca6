import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import {
  CardList,
  CodePlate,
  DeviceIcon,
  ErrorSummary,
  Form,
  LeftToRight,
  PasskeyForm,
  PasswordField,
  QrCode,
  Stranger,
  SummaryList,
  TextField,
} from './components.tsx';
import { loadMessages } from './messages.ts';
import type { PageContext } from './page.ts';

const page: PageContext = {
  t: loadMessages().translate('en'),
  locale: 'en',
  dir: 'ltr',
  theme: 'auto',
  csrf: 'token"<',
  person: undefined,
  otherAccounts: 0,
  passkeys: true,
  recovery: undefined,
  path: '/',
};
const html = (child: VNode): string => renderToString(child);
const evil = `"><img src=x onerror=alert(1)><script>'\u202e`;

test('F15: a stranger’s text stays text, wherever it is put', () => {
  const rendered = [
    html(<Stranger>{evil}</Stranger>),
    html(<SummaryList rows={[{ label: evil, value: evil }]} />),
    html(<CardList cards={[{ title: evil, meta: evil, href: `/x?${evil}` }]} label={evil} />),
    html(<CodePlate page={page} code={evil} copy />),
    html(<QrCode text="HTTPS://ID.EXAMPLE.ORG/L/X" label={evil} />),
    html(<DeviceIcon type={evil} />),
    html(<DeviceIcon type="constructor" />),
    html(<TextField page={page} id="a" name="a" label={evil} hint={evil} error={evil} value={evil} />),
    html(<ErrorSummary page={page} errors={[{ field: evil, text: evil }]} />),
    html(<PasskeyForm page={page} action="/x" mode="get" options={{ challenge: evil }} submitLabel={evil} />),
    html(<Form page={page} action={`/x?${evil}`} children={evil} />),
  ];
  for (const text of rendered) assert.doesNotMatch(text, /<img|<script|<[^>]*\s(?:onerror|src|style)=/, text);
  assert.match(rendered[0] ?? '', /^<bdi>/, 'its direction stays inside');
});

test('a field ties label, hint and error to its input', () => {
  const text = html(<TextField page={page} id="email" name="email" label="Email" hint="h" error="e" type="email" />);
  assert.match(text, /<label[^>]* for="email"/);
  assert.match(text, /aria-describedby="email-hint email-error"/);
  assert.match(text, /aria-invalid="true"/);
  assert.match(text, /<span class="unseen">Error:<\/span> e/);
});

test('code fields are typed into freely: one field, no limit, no pattern', () => {
  const user = html(<TextField page={page} id="c" name="user_code" label="Code" code="user" />);
  assert.match(user, /autocomplete="off"/, 'one-time-code would offer a code from a message');
  assert.match(user, /dir="ltr"/);
  const digits = html(<TextField page={page} id="c" name="code" label="Code" code="digits" />);
  assert.match(digits, /inputmode="numeric"/);
  assert.match(digits, /autocomplete="one-time-code"/);
  for (const text of [user, digits]) assert.doesNotMatch(text, /maxlength|pattern|type="number"/i);
});

test('a password is never filled in again', () => {
  const props = { page, id: 'p', name: 'password', label: 'Password', autoComplete: 'current-password' } as const;
  assert.doesNotMatch(html(<PasswordField {...props} value="secret" />), /secret/);
});

test('what only scripts can do is hidden until they run', () => {
  assert.match(html(<CodePlate page={page} code="BCDF-GHJK" copy />), /<button[^>]* hidden/);
  assert.match(
    html(<PasskeyForm page={page} action="/x" mode="get" options={{}} submitLabel="x" />),
    /^<div[^>]* hidden/,
  );
});

test('a code in a sentence is not broken at its dash, an address only after its @', () => {
  assert.equal(html(<LeftToRight>BCDF-GHJK</LeftToRight>), '<bdi class="unbroken" dir="ltr">BCDF-GHJK</bdi>');
  const address = '<bdi class="address" dir="ltr">a@<wbr/>example.org</bdi>';
  assert.equal(html(<LeftToRight>a@example.org</LeftToRight>), address);
  assert.doesNotMatch(html(<LeftToRight>https://photos.example.com</LeftToRight>), /unbroken/);
});

test('the plate breaks at the dash only and reads left to right', () => {
  const text = html(<CodePlate page={page} code="BCDF-GHJK" />);
  assert.match(text, /<bdi dir="ltr"/);
  assert.equal(text.replace(/<[^>]+>/g, ''), 'BCDF-GHJK');
  assert.equal(text.split('<wbr').length, 2);
});
