'use strict';
// The customers as the profile service knows them, made once at the start.

const LANGUAGES = ['de', 'fr', 'nl', 'en', 'pl'];
const CATEGORIES = ['kitchen', 'lighting', 'textiles', 'toys', 'office'];
const CUSTOMERS = 400;

// Accounts opened at the till have no metadata until their owner logs in for the first time.
function metadataOf(id) {
  if (id % 16 === 9) return null;
  const metadata = { locale: { language: LANGUAGES[id % 5], currency: 'EUR' }, tags: ['web'] };
  if (id % 3 === 0) metadata.avatar = { url: `/avatars/${id}.png` };
  return metadata;
}

function purchasesOf(id) {
  if (id % 16 === 5) return [];
  return Array.from({ length: 1 + (id % 4) }, (_, index) => ({
    category: CATEGORIES[(id + index) % CATEGORIES.length],
    cents: 900 + ((id * 37 + index * 411) % 9000),
  }));
}

// The letters of the spring campaign were queued before they had a date.
function notificationsOf(id) {
  const sent = { id: id * 10 + 1, title: 'Your parcel is on its way', sent_at: '2026-10-02T09:30:00Z' };
  const queued = { id: id * 10 + 2, title: 'Spring is coming', sent_at: 'scheduled' };
  const unread = { id: id * 10 + 3, title: 'Tell us what you think', sent_at: '2026-11-01T17:05:00Z' };
  return id % 16 === 13 ? [sent, queued] : [sent, unread];
}

function makeProfile(id) {
  return {
    id,
    name: `Customer ${id}`,
    metadata: metadataOf(id),
    purchases: purchasesOf(id),
    notifications: notificationsOf(id),
  };
}

function createStore(count = CUSTOMERS) {
  const profiles = new Map();
  for (let id = 1; id <= count; id += 1) profiles.set(id, makeProfile(id));
  return profiles;
}

module.exports = { createStore, makeProfile };
