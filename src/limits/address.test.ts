import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrust, isUncounted, networkOf, readAddress, siteOf } from './address.ts';

test('networkOf groups what one customer can change at will', () => {
  const expected: Record<string, string> = {
    '203.0.113.77': '203.0.113.0/24',
    '127.0.0.1': 'loopback',
    '::1': 'loopback',
    '0:0:0:0:0:0:0:1': 'loopback',
    '::ffff:127.0.0.1': 'loopback',
    '::ffff:7f00:1': 'loopback',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:DB8:1:2::9': '2001:db8:1:2::/64',
    '2001:db8::9': '2001:db8:0:0::/64',
    '2001:db8::': '2001:db8:0:0::/64',
    '2001:0db8:0001:0002::1': '2001:db8:1:2::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    nonsense: 'unknown',
  };
  for (const [ip, network] of Object.entries(expected)) assert.equal(networkOf(ip), network, ip);
  assert.equal(networkOf(undefined), 'unknown', 'the socket has gone');
  assert.equal(siteOf('2001:db8:1:2::/64'), '2001:db8:1::/48');
  for (const network of ['203.0.113.0/24', 'loopback', 'unknown']) assert.equal(siteOf(network), undefined);
});

test('fault B5: an address is read in every form in which proxies write it', () => {
  const forms: Record<string, string> = {
    '198.51.7.9:40001': '198.51.7.9',
    ' 198.51.7.9 ': '198.51.7.9',
    '"198.51.7.9"': '198.51.7.9',
    '"198.51.7.9:40001"': '198.51.7.9',
    '198.51.7.9:_hidden': '198.51.7.9',
    '[2001:db8::1]': '2001:db8::1',
    '[2001:db8::1]:4711': '2001:db8::1',
    '"[2001:db8::1]:4711"': '2001:db8::1',
    '"[2001:DB8::1]"': '2001:db8::1',
    '2001:db8::1': '2001:db8::1',
    'fe80::1%eth0': 'fe80::1',
    '[fe80::1%eth0]:1': 'fe80::1',
    '::ffff:198.51.7.9': '198.51.7.9',
    '[::ffff:198.51.7.9]:40001': '198.51.7.9',
    '::FFFF:c633:709': '198.51.7.9',
    '0:0:0:0:0:ffff:c633:0709': '198.51.7.9',
  };
  for (const [text, address] of Object.entries(forms)) assert.equal(readAddress(text), address, text);
  const none = [
    '',
    'unknown',
    '_hidden',
    'localhost',
    '198.51.7',
    '198.51.7.9:',
    '198.51.7.9:1:2',
    '198.51.7.9:x',
    '1.2.3.256',
  ];
  none.push(
    '[198.51.7.9]:1',
    '[2001:db8::1',
    '2001:db8::1]',
    '[2001:db8::1]x',
    '[]',
    '"',
    '198.51.7.09',
    '1'.repeat(200),
  );
  for (const text of [undefined, ...none]) assert.equal(readAddress(text), undefined, `${text}`);
});

test('fault B5: IPv4 written inside IPv6 in any form counts as that IPv4', () => {
  const forms = ['198.51.7.9', '::ffff:198.51.7.9', '::ffff:c633:709', '0::FFFF:198.51.7.9', '::198.51.7.9'];
  // NAT64, translated, 6to4, Teredo.
  forms.push(
    '64:ff9b::198.51.7.9',
    '64:ff9b::c633:709',
    '::ffff:0:198.51.7.9',
    '2002:c633:709::1',
    '2002:c633:709:ffff::',
  );
  forms.push('2001:0:1234:5678:0:0:39cc:f8f6');
  for (const form of forms) assert.equal(networkOf(form), '198.51.7.0/24', form);
  // Only what is written as loopback itself is loopback.
  for (const form of ['64:ff9b::127.0.0.1', '2002:7f00:1::1', '::127.0.0.1'])
    assert.equal(networkOf(form), '127.0.0.0/24', form);
});

test('C17: who is trusted may be written as an address, a range or a name, and is met in every form', () => {
  const isTrusted = createTrust(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32', 'loopback']);
  for (const address of [
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '192.0.2.7',
    '::ffff:c000:207',
    '2001:db8:1::1',
    '127.9.9.9',
    '::1',
  ])
    assert.equal(isTrusted(address), true, address);
  for (const address of [
    '10.2.0.1',
    '192.0.2.8',
    '2001:db9::1',
    'nonsense',
    undefined,
    '64:ff9b::10.1.2.3',
    '2002:a01:203::1',
  ])
    assert.equal(isTrusted(address), false, `${address}`);
  for (const wrong of ['nginx', '10.0.0.0/8/8', '']) assert.throws(() => createTrust([wrong]), TypeError, wrong);
});

test('fault B6: loopback is exempt on a developer’s machine alone, and nobody else ever is', () => {
  for (const network of ['loopback', 'unknown', '127.0.0.0/24', '203.0.113.0/24']) {
    assert.equal(isUncounted(network, { development: true }), network === 'loopback');
    assert.equal(isUncounted(network, { development: false }), false);
  }
});
