'use strict';

const assert = require('node:assert');
const test = require('node:test');
const recommendations = require('../api/recommendations');

const purchases = [
  { category: 'toys', cents: 1000 },
  { category: 'office', cents: 1500 },
  { category: 'toys', cents: 900 },
];

test('spending is summed per category', () => {
  assert.deepStrictEqual(recommendations.spendingByCategory(purchases), { toys: 1900, office: 1500 });
});

test('the favourite is where most money went', () => {
  assert.strictEqual(recommendations.favouriteCategory(purchases), 'toys');
});

test('average spending of nothing is zero', () => {
  assert.strictEqual(recommendations.averageSpending([]), 0);
  assert.strictEqual(recommendations.averageSpending(purchases), 1133);
});

test('recommendations link to the favourite category', () => {
  const shown = recommendations.showRecommendations({ profile: { purchases } });
  assert.strictEqual(shown.links.length, 3);
  assert.match(shown.links[0], /category=toys/);
});
