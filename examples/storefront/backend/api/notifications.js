'use strict';
// The notifications of a customer, newest first.

function byNewest(left, right) {
  return right.sent_at.localeCompare(left.sent_at);
}

function dayOf(notification) {
  return new Date(notification.sent_at).toISOString().slice(0, 10);
}

function groupByDay(notifications) {
  const days = {};
  for (const notification of [...notifications].sort(byNewest)) {
    const day = dayOf(notification);
    days[day] = [...(days[day] ?? []), notification.title];
  }
  return days;
}

function showNotifications({ profile }) {
  return { days: groupByDay(profile.notifications), count: profile.notifications.length };
}

function showCount({ profile }) {
  return { count: profile.notifications.length };
}

module.exports = { dayOf, groupByDay, showCount, showNotifications };
