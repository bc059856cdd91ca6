import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMail } from './mail-layout.tsx';
import { loadMessages } from './messages.ts';

const messages = loadMessages();

test('text and HTML say the same, and nothing is loaded from anywhere', () => {
  const { text, html } = renderMail({
    t: messages.translate('en'),
    locale: 'en',
    dir: 'ltr',
    title: 'Acme TV was linked',
    paragraphs: ['It can see your name.'],
    facts: [{ label: 'Device', value: '<b>Living room</b>' }],
    action: { label: 'This was not me', url: 'https://id.example.org/devices/undo/x?a=1&b=2' },
    code: 'BCDF-GHJK',
    after: ['Ignore this mail otherwise.'],
  });
  for (const part of [
    'Acme TV was linked',
    'It can see your name.',
    'Device',
    'This was not me',
    'BCDF-GHJK',
    'Ignore this mail',
  ]) {
    assert.ok(text.includes(part), part);
    assert.ok(html.includes(part), part);
  }
  assert.ok(text.includes('https://id.example.org/devices/undo/x?a=1&b=2'));
  assert.ok(html.includes('href="https://id.example.org/devices/undo/x?a=1&amp;b=2"'));
  assert.doesNotMatch(html, /<b>Living|<img|<link|<script|url\(|@import/);
});

test('Arabic mails run right to left', () => {
  const { html } = renderMail({ t: messages.translate('ar'), locale: 'ar', dir: 'rtl', title: 'x', paragraphs: [] });
  assert.match(html, /<html lang="ar" dir="rtl">/);
});
