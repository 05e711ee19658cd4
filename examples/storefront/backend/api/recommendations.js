'use strict';
// What a customer may like, judged by what they bought.

const PER_CATEGORY = 3;

function spendingByCategory(purchases) {
  const spending = {};
  for (const { category, cents } of purchases) spending[category] = (spending[category] ?? 0) + cents;
  return spending;
}

function favouriteCategory(purchases) {
  const spending = Object.entries(spendingByCategory(purchases));
  const [category] = spending.reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return category;
}

function averageSpending(purchases) {
  if (purchases.length === 0) return 0;
  return Math.round(purchases.reduce((sum, { cents }) => sum + cents, 0) / purchases.length);
}

function showRecommendations({ profile }) {
  const category = favouriteCategory(profile.purchases);
  const links = Array.from({ length: PER_CATEGORY }, (_, index) => `/products?category=${category}&page=${index + 1}`);
  return { category, average_cents: averageSpending(profile.purchases), links };
}

module.exports = { averageSpending, favouriteCategory, showRecommendations, spendingByCategory };
