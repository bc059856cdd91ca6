import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPlaces, placesFromHeader } from './places.ts';

test('without a named header nothing is known, whatever is sent', () => {
  assert.equal(noPlaces.countryOf({ 'cf-ipcountry': 'DE' }), undefined);
});

test('the named header gives the country, however its name and value are written', () => {
  const places = placesFromHeader('CF-IPCountry');
  assert.equal(places.countryOf({ 'cf-ipcountry': 'DE' }), 'DE');
  assert.equal(places.countryOf({ 'cf-ipcountry': ' de ' }), 'DE');
  assert.equal(placesFromHeader('x-country').countryOf({ 'x-country': ['FR', 'ES'] }), 'FR');
});

test('F15: anything but two letters, and the marks for unknown and Tor, is no country', () => {
  const places = placesFromHeader('x-country');
  for (const value of ['', 'XX', 'xx', 'T1', 'DEU', 'D', 'D1', '<b>', 'DE, FR', 'İT', '🇩🇪']) {
    assert.equal(places.countryOf({ 'x-country': value }), undefined, JSON.stringify(value));
  }
  assert.equal(places.countryOf({}), undefined);
  assert.equal(places.countryOf({ 'x-country': [] }), undefined);
  assert.equal(places.countryOf({ 'cf-ipcountry': 'DE' }), undefined);
});
