'use strict';

const assert = require('node:assert');
const test = require('node:test');
const notifications = require('../api/notifications');

const sent = [
  { title: 'A', sent_at: '2026-10-02T09:30:00Z' },
  { title: 'B', sent_at: '2026-10-03T08:00:00Z' },
  { title: 'C', sent_at: '2026-10-02T21:00:00Z' },
];

test('the day of a notification', () => {
  assert.strictEqual(notifications.dayOf(sent[0]), '2026-10-02');
});

test('notifications are grouped by day, newest first', () => {
  const days = notifications.groupByDay(sent);
  assert.deepStrictEqual(days, { '2026-10-03': ['B'], '2026-10-02': ['C', 'A'] });
});

test('no notifications, no days', () => {
  assert.deepStrictEqual(notifications.showNotifications({ profile: { notifications: [] } }), { days: {}, count: 0 });
});
