'use strict';

const assert = require('node:assert');
const test = require('node:test');
const customer = require('../api/customer');

const mia = {
  id: 7,
  name: 'Mia van Dam',
  metadata: { locale: { language: 'nl', currency: 'EUR' }, tags: ['web', 'press'], avatar: { url: '/a/7.png' } },
};

test('initials use the first two words', () => {
  assert.strictEqual(customer.initials('mia van dam'), 'MV');
  assert.strictEqual(customer.initials('Mia'), 'M');
});

test('an avatar falls back to the default', () => {
  assert.strictEqual(customer.avatarUrl(mia), '/a/7.png');
  assert.strictEqual(customer.avatarUrl({ metadata: null }), '/avatars/default.png');
});

test('the locale carries the writing direction', () => {
  assert.deepStrictEqual(customer.localeOf(mia), { language: 'nl', currency: 'EUR', direction: 'ltr' });
  const arabic = { metadata: { locale: { language: 'ar', currency: 'EUR' } } };
  assert.strictEqual(customer.localeOf(arabic).direction, 'rtl');
});

test('tags are sorted and may be missing', () => {
  assert.deepStrictEqual(customer.tagsOf(mia), ['press', 'web']);
  assert.deepStrictEqual(customer.tagsOf({ metadata: null }), []);
});

test('the profile joins summary, locale and tags', () => {
  const shown = customer.showProfile({ profile: mia });
  assert.deepStrictEqual(Object.keys(shown), ['id', 'name', 'initials', 'avatar', 'locale', 'tags']);
});

test('an update sets the language and keeps the rest', () => {
  const profile = structuredClone(mia);
  const shown = customer.updateProfile({ profile, body: { language: 'fr' } });
  assert.strictEqual(shown.locale.language, 'fr');
  assert.strictEqual(profile.metadata.locale.currency, 'EUR');
});
