'use strict';
// Customer profiles.

const DEFAULT_AVATAR = '/avatars/default.png';

function initials(name) {
  return name.split(/\s+/).filter(Boolean).map((part) => part[0].toUpperCase()).slice(0, 2).join('');
}

function avatarUrl(profile) {
  return profile.metadata?.avatar?.url ?? DEFAULT_AVATAR;
}

function localeOf(profile) {
  const { language, currency } = profile.metadata.locale;
  return { language, currency, direction: language === 'ar' ? 'rtl' : 'ltr' };
}

function tagsOf(profile) {
  return profile.metadata ? [...profile.metadata.tags].sort() : [];
}

function summary(profile) {
  return { id: profile.id, name: profile.name, initials: initials(profile.name), avatar: avatarUrl(profile) };
}

function showSummary({ profile }) {
  return summary(profile);
}

function showProfile({ profile }) {
  return { ...summary(profile), locale: localeOf(profile), tags: tagsOf(profile) };
}

function updateProfile({ profile, body }) {
  const metadata = { tags: [], ...profile.metadata };
  metadata.locale = { currency: 'EUR', ...metadata.locale, language: body.language };
  profile.metadata = metadata;
  return showProfile({ profile });
}

module.exports = { avatarUrl, initials, localeOf, showProfile, showSummary, summary, tagsOf, updateProfile };
